"""From a failed check to a diagnosis: the layer that failed, what that means, and what to do (scripts/advice)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scripts.advice.entries import Entry, entries, entry
from scripts.smoke_test.http import Response, UnreachableError, is_local, printable
from scripts.smoke_test.target import Deployment, Target
from settings.secret_names import SecretName, show_command

MAX_QUOTE = 200
MAX_DELAY = 40
"""Characters of Retry-After: a number, or a date."""
_MAX_PAGE = 4_000
"""Removing tags takes time that grows with the square of the length."""
_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TERMINAL = "the terminal of scripts/up.py"
_ROLE = "that the gateway's identity has the role Cognitive Services OpenAI User there"
"""What is checked in place of keys, where there are none."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """`id` is that of its advice."""

    id: str
    layer: str
    meaning: str
    actions: tuple[str, ...]


class CheckFailure(Exception):  # noqa: N818 - a result, not a defect of this program
    """`note` says it in a few words; `is_final`: every other check would fail, too."""

    def __init__(self, note: str, diagnosis: Diagnosis, *, ms: float | None = None, is_final: bool = False) -> None:
        super().__init__(note)
        self.note = note
        self.diagnosis = diagnosis
        self.ms = ms
        self.is_final = is_final


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a check asked: the gateway, and the deployment behind it if the check needs one."""

    base_url: str
    target: Target
    deployment: Deployment | None = None

    def diagnose(self, advice: str | Entry, *, response: Response | None = None, **words: object) -> Diagnosis:
        """The advice, by its id, filled in for this environment; `words` are values of its own."""
        found = entry(advice) if isinstance(advice, str) else advice
        given = {name: printable(str(word))[:MAX_QUOTE] for name, word in words.items()}
        values = self._words(response) | self._commands(response) | self._azure() | given
        actions = dict.fromkeys(line.format_map(values) for line in found.actions)
        meaning = found.meaning.format_map(values)
        return Diagnosis(id=found.id, layer=found.layer, meaning=meaning, actions=tuple(actions))

    def _words(self, response: Response | None) -> dict[str, str]:
        delay = response.headers.get("retry-after", "") if response else ""
        return {
            "base_url": self.base_url,
            "settings": f"settings/environments/{self.target.env}.toml",
            "project": self.target.project,
            "said": quote(response),
            "status": str(response.status) if response else "",
            "after": printable(delay)[:MAX_DELAY] or "some",
        }

    def _commands(self, response: Response | None) -> dict[str, str]:
        """Where the logs and the key are; a line of the access log is found by the request's id."""
        given = response.headers.get("x-request-id", "") if response else ""
        request_id = given if given.isalnum() and given.isascii() else ""
        if is_local(self.base_url):
            log = f"request_id {request_id} on {_TERMINAL}" if request_id else _TERMINAL
            commands = dict.fromkeys(("revisions", "system_log", "litellm_log", "gateway_key"), _TERMINAL)
        else:
            app = f"--name {self.target.container_app} --resource-group {self.target.resource_group}"
            logs = f"az containerapp logs show {app}"
            log = f"{logs} --container gateway --tail 300" + (f" | grep {request_id}" if request_id else "")
            commands = {
                "gateway_key": show_command(self.target.key_vault, self.target.key.vault_secret),
                "revisions": f"az containerapp revision list {app} --all --output table",
                "system_log": f"{logs} --type system --tail 100",
                "litellm_log": f"{logs} --container litellm --tail 100",
            }
        return {**commands, "log": log, "attempts": f"See `region` and `attempts` in the access log: {log}"}

    def _azure(self) -> dict[str, str]:
        if self.deployment is None:
            return dict.fromkeys(("model", "table", "deployment", "api_version", "endpoint", "azure_key"), "?")
        model = self.deployment.model
        return {
            "model": model.name,
            "table": self.deployment.table,
            "deployment": model.deployment,
            "api_version": model.api_version,
            "endpoint": " or ".join(self.deployment.endpoints),
            "azure_key": " or ".join(map(_names, self.deployment.azure_keys)) or _ROLE,
        }


def refused(response: Response, context: Context) -> CheckFailure:
    """A response of a status that the check did not expect."""
    found = (_of_gateway_or_azure(response, context) if response.error else None) or _of_ingress(response)
    return CheckFailure(_note(response), context.diagnose(found, response=response), ms=response.ms)


def not_reached(failure: UnreachableError, context: Context) -> CheckFailure:
    """No response."""
    if context.deployment and failure.kind == "timeout":  # the gateway answered a moment ago
        reason = _reason_for_slowness(context.deployment)
        return CheckFailure(failure.words, context.diagnose("slow", reason=reason))
    diagnosis = context.diagnose(failure.kind, note=failure.words)
    return CheckFailure(failure.words, diagnosis, is_final=failure.is_final)


def quote(response: Response | None) -> str:
    """The server's own message, in one line."""
    if response is None:
        return ""
    message = str(response.error.get("message") or response.text)[:_MAX_PAGE]
    text = printable(" ".join(_TAGS.sub(" ", message).split()))
    return text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1]}…"


def _of_gateway_or_azure(response: Response, context: Context) -> Entry | None:
    code, message = str(response.error.get("code")), str(response.error.get("message", ""))
    names = ("gateway", "azure_openai") if context.deployment else ("gateway",)
    known = (each for each in entries(*names) if each.layer)
    return next((each for each in known if each.matches(status=response.status, code=code, text=message)), None)


def _of_ingress(response: Response) -> Entry:
    """Container Apps answers in the gateway's place, or another server."""
    known = (known for known in entries("smoke_test") if known.status)
    found = (each for each in known if each.matches(status=response.status, code="", text=response.text))
    return next(found, entry("not-the-gateway"))


def _reason_for_slowness(deployment: Deployment) -> str:
    if deployment.model.kind == "embeddings":
        return "Azure is slow, or its quota is used up and the request is queued"
    if deployment.translated_chat:
        return "Azure is slow, or LiteLLM is still starting if it translates the request"
    return "Azure is slow"


def _note(response: Response) -> str:
    code = response.error.get("code") or response.error.get("type")
    return f"{response.status} {code}" if code else f"{response.status} {quote(response)[:60]}".strip()


def _names(secret: SecretName) -> str:
    """For Terraform, GitHub and the vault."""
    return f"{secret.environ} (GitHub secret {secret.github_secret}, vault secret {secret.vault_secret})"
