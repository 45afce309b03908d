"""Which layer failed, what that means, and what to look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scripts.smoke_test.exchange import Answer, printable
from scripts.smoke_test.offer import Offer, Served
from scripts.smoke_test.wire import is_local
from settings.secret_names import SecretName, azure_key, show_command

Layer = Literal[
    "DNS",
    "TLS",
    "network",
    "ingress",
    "gateway",
    "key",
    "project",
    "LiteLLM",
    "Azure key",
    "Azure deployment",
    "API version",
    "quota",
    "Azure",
]
"""From the client to Azure."""

LONGEST_QUOTE = 200
LONGEST_DELAY = 40
"""Characters of Retry-After: a number, or a date."""
_LONGEST_PAGE = 4_000
"""Looking for tags takes time that grows with the square of the text."""
_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
LOG = "the log's line of this request: {log}"
FIELDS = f"{LOG}; its fields `region` and `attempts` name the region and what it said"
HOST = "the base URL, which must be the stack's output `openai_base_url`"
LOOK_AT_APP = ("{revisions}", "{system_log}")


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What a person needs to mend it."""

    layer: Layer
    meaning: str
    look_at: tuple[str, ...]


class Fault(Exception):  # noqa: N818 - a finding, not a defect of this program
    """A check failed; `note` says it in a few words."""

    def __init__(self, note: str, diagnosis: Diagnosis, *, ms: float | None = None) -> None:
        super().__init__(note)
        self.note = note
        self.diagnosis = diagnosis
        self.ms = ms


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where a check was made: what can be said of the layers beneath it."""

    base_url: str
    offer: Offer
    served: Served | None = None

    def diagnosis(
        self, layer: Layer, meaning: str, look_at: tuple[str, ...], *, answer: Answer | None = None, note: str = ""
    ) -> Diagnosis:
        """One whose words may name what is at work here, in braces; `{note}` is the finding in a few words."""
        words = {**self._words(answer), "note": printable(note)[:LONGEST_QUOTE]}
        lines = dict.fromkeys(line.format_map(words) for line in look_at)
        return Diagnosis(layer=layer, meaning=meaning.format_map(words), look_at=tuple(lines))

    def _words(self, answer: Answer | None) -> dict[str, str]:
        offer = self.offer
        words = {
            "base_url": self.base_url,
            "env": offer.env,
            "project": offer.project,
            "said": quoted(answer),
            "status": str(answer.status) if answer else "",
            "after": (printable(answer.headers.get("retry-after", ""))[:LONGEST_DELAY] if answer else "") or "some",
        }
        return words | self._places(answer) | _words_of(self.served)

    def _places(self, answer: Answer | None) -> dict[str, str]:
        """Where logs are; a line of the gateway's own is found by the request's number."""
        number = answer.headers.get("x-request-id", "") if answer else ""
        known = number.isalnum() and number.isascii()
        if is_local(self.base_url):
            terminal = "the terminal of scripts/up.py"
            log = f"request_id {number} on {terminal}" if known else terminal
            return dict.fromkeys(("revisions", "system_log", "litellm_log", "gateway_key"), terminal) | {"log": log}
        app = f"--name {self.offer.container_app} --resource-group {self.offer.resource_group}"
        return {
            "gateway_key": show_command(self.offer.key_vault, self.offer.key.vault_secret),
            "revisions": f"az containerapp revision list {app} --all --output table",
            "system_log": f"az containerapp logs show {app} --type system --tail 100",
            "litellm_log": f"az containerapp logs show {app} --container litellm --tail 100",
            "log": f"az containerapp logs show {app} --container gateway --tail 300"
            + (f" | grep {number}" if known else ""),
        }


def quoted(answer: Answer | None) -> str:
    """The server's own words, in one line."""
    if answer is None:
        return ""
    said = str(answer.error.get("message") or answer.text)[:_LONGEST_PAGE]
    text = printable(" ".join(_TAGS.sub(" ", said).split()))
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def _words_of(served: Served | None) -> dict[str, str]:
    if served is None:
        return dict.fromkeys(("model", "table", "deployment", "api_version", "endpoint", "azure_key"), "?")
    upstreams = served.upstreams
    return {
        "model": served.model.name,
        "table": served.table,
        "deployment": served.model.deployment,
        "api_version": served.model.api_version,
        "endpoint": " or ".join(upstream.endpoint for upstream in upstreams),
        "azure_key": " or ".join(_names(azure_key(upstream.name)) for upstream in upstreams),
    }


def _names(secret: SecretName) -> str:
    """Terraform's, GitHub's and the vault's."""
    return f"{secret.environ} (GitHub secret {secret.github_secret}, vault secret {secret.vault_secret})"
