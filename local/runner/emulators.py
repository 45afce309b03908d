"""One emulated Azure OpenAI resource per upstream that has no other address."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.runner.identity import Identity
from local.runner.services import serve


@dataclass(frozen=True)
class Emulator:
    """The addresses of its data plane and of its control port."""

    url: str
    control_url: str


@contextmanager
def emulate(
    name: str, *, key: str | None, models: Sequence[Mapping[str, Any]], identity: Identity | None = None
) -> Iterator[Emulator]:
    """Run an emulator that serves these models of the gateway's configuration.

    It accepts this key, or, without one, the tokens of the identity.
    """
    env = {"EMULATOR_CONFIG": json.dumps(_configuration(name, models))}
    if key:
        env["AZURE_OPENAI_API_KEY"] = key
    elif identity:
        env |= identity.of_verifier
    command = ("local.emulator", "--port", "0", "--control-port", "0")
    with serve(f"emulator-{name}", *command, env=env) as addresses:
        yield Emulator(addresses["port"], addresses["control_port"])


def _configuration(name: str, models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "region": name,
        **{
            kind: {model["deployment"]: model["api_version"] for model in models if model["kind"] == kind}
            for kind in ("responses", "chat")
        },
        "embeddings": {
            model["deployment"]: {"api_version": model["api_version"], "dimension": model["dimension"]}
            for model in models
            if model["kind"] == "embeddings"
        },
    }
