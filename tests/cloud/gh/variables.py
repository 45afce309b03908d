"""`gh variable` and `gh secret`: of the repository, or of one of its environments."""

from __future__ import annotations

from tests.cloud import stand_in
from tests.cloud.gh.flags import UsageError
from tests.cloud.gh.github import GitHub, Json, not_found


def run(github: GitHub, command: str, positional: list[str], flags: dict[str, list[str]], stdin: str) -> list[Json]:
    """What the command answers; a change answers nothing."""
    github.require_admin()
    if flags.get("--repo", [""])[0] != github.data["repository"]["full_name"]:
        raise not_found()
    kind = command.split()[0]
    holder: Json = github.environment(flags["--env"][0]) if "--env" in flags else github.data
    there: dict[str, str] = holder[f"{kind}s"]
    if command.endswith(" list"):
        return [_shown(kind, name, value, flags) for name, value in there.items()]
    if len(positional) != 1:
        raise UsageError("must pass name argument")
    if command.endswith(" delete"):
        if there.pop(positional[0], None) is None:
            raise not_found()
        return []
    there[positional[0]] = _secret(flags, stdin) if kind == "secret" else flags["--body"][0]
    return []


def _shown(kind: str, name: str, value: str, flags: dict[str, list[str]]) -> Json:
    known = {"name": name} if kind == "secret" else {"name": name, "value": value}
    fields = flags["--json"][0].split(",")
    if unknown := [field for field in fields if field not in known]:
        raise UsageError(f'Unknown JSON field: "{unknown[0]}"')
    return {field: known[field] for field in fields}


def _secret(flags: dict[str, list[str]], stdin: str) -> str:
    if "--body" in flags:  # everybody on the machine can read it
        raise stand_in.SecretInArgumentsError
    value = stdin.rstrip("\r\n")
    stand_in.keep_secret(value)
    return value
