"""How the tests start the bootstrap, and what they compare of its ends."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.bootstrap import main
from tests.cloud.stand_ins import Cloud, Ran

PREFIX = "repo:contoso@1234/gateway@4321"
AZURE = ("preflight", "state", "identities")
_GUID = re.compile(r"99999999-0000-4000-8000-\d{12}")


def bootstrap(cloud: Cloud, *words: str, parts: tuple[str, ...] = AZURE, env: dict[str, str] | None = None) -> Ran:
    """A run on the stacks that are synthesized, without asking GitHub."""
    given = ["--subject-prefix", PREFIX] if not {"--subject-prefix", "--repository"} & set(words) else []
    if "--repository" not in words:
        given.append("--environments-protected")
    return cloud.call(main, *parts, "--skip-synth", *given, *words, env=env)


def altered(stacks: Path, out: Path, change: Callable[[str, dict[str, Any]], None]) -> dict[str, str]:
    """The stacks of dev and staging, each as `change` leaves it; the environment that has the bootstrap read them."""
    for env in ("dev", "staging"):
        content = json.loads((stacks / f"aigateway-{env}" / "cdk.tf.json").read_text(encoding="utf-8"))
        change(env, content)
        folder = out / "stacks" / f"aigateway-{env}"
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return {"CDKTF_OUTDIR": str(out)}


def without_names(state: dict[str, Any]) -> str:
    """The state with each id that Azure made up replaced by when it first appears: the same for every way there."""
    kept = {name: content for name, content in state.items() if name != "made"}
    kept["role_assignments"] = sorted(
        kept["role_assignments"], key=lambda each: json.dumps({**each, "id": "", "name": ""}, sort_keys=True)
    )
    numbers: dict[str, str] = {}
    return _GUID.sub(lambda found: numbers.setdefault(found[0], f"id-{len(numbers)}"), json.dumps(kept, indent=1))


def shown(ran: Ran) -> list[list[str]]:
    """The commands that a dry run would have run."""
    lines = [line.strip() for line in ran.err.splitlines()]
    return [shlex.split(line.removeprefix("would run: az ")) for line in lines if line.startswith("would run: az ")]


def roles_of(cloud: Cloud, principal: str) -> set[tuple[str, str]]:
    """Whom it may be: role and the last part of its scope."""
    state = cloud.state()
    names = {role["id"]: role["roleName"] for role in _definitions(state)}
    return {
        (names[given["roleDefinitionId"]], given["scope"].rsplit("/", 1)[1])
        for given in state["role_assignments"]
        if given["principalId"] == principal
    }


def principal_of(cloud: Cloud, name: str) -> str:
    """The object id of the service principal of that name."""
    found: str = next(sp["id"] for sp in cloud.state()["service_principals"] if sp["displayName"] == name)
    return found


def credentials_of(cloud: Cloud, name: str) -> dict[str, str]:
    """The subjects of the application's federated credentials."""
    app = next(app for app in cloud.state()["apps"] if app["displayName"] == name)
    return {credential["name"]: credential["subject"] for credential in app["credentials"]}


def _definitions(state: dict[str, Any]) -> list[dict[str, Any]]:
    from tests.cloud.az.azure import Azure

    return Azure(state, subscription=None).definitions()
