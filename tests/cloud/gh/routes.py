"""`gh api`: which path does what."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cloud.gh import environments, issues
from tests.cloud.gh.flags import UsageError
from tests.cloud.gh.github import ROBOT, GitHub, HttpError, Json, not_found

PAGE = 30


def api(github: GitHub, positional: list[str], flags: dict[str, list[str]], stdin: str) -> object:
    """The answer to one request, or to one for each page."""
    if len(positional) != 1:
        raise UsageError(f"accepts 1 arg(s), received {len(positional)}")
    path, _, query = positional[0].partition("?")
    arguments = dict(part.split("=", 1) for part in query.split("&") if part)
    fields = dict(part.split("=", 1) for part in [*flags.get("--raw-field", []), *flags.get("--field", [])])
    body = json.loads(stdin) if flags.get("--input") == ["-"] else fields
    method = flags.get("--method", ["POST" if body else "GET"])[0]
    answer = _answer(github, method, path.strip("/").split("/"), arguments, body)
    if isinstance(answer, list) and "--paginate" not in flags:
        return answer[: int(arguments.get("per_page", PAGE))]
    return answer


def is_change(flags: dict[str, list[str]]) -> bool:
    """Whether the request may change something."""
    sends = any(name in flags for name in ("--input", "--field", "--raw-field"))
    return flags.get("--method", ["POST" if sends else "GET"])[0] != "GET"


def _answer(github: GitHub, method: str, parts: list[str], query: Json, body: Json) -> object:
    match [method, *parts]:
        case ["GET", "user"]:
            if github.data["login"] == ROBOT:
                raise HttpError(403, "Resource not accessible by integration")
            return _user(github, github.data["login"])
        case ["GET", "users", login]:
            return _user(github, login)
        case ["GET", "orgs", organization, "teams", slug]:
            if f"{organization}/{slug}" not in github.data["teams"]:
                raise not_found()
            return {"id": github.data["teams"][f"{organization}/{slug}"], "slug": slug}
        case [_, "repos", owner, name, *rest]:
            if f"{owner}/{name}" != github.data["repository"]["full_name"]:
                raise not_found()
            return _of_repository(github, [method, *rest], query, body)
    raise not_found()


def _user(github: GitHub, login: str) -> Json:
    if login not in github.data["users"]:
        raise not_found()
    return {"login": login, "id": github.data["users"][login]}


def _of_repository(github: GitHub, words: list[str], query: Json, body: Json) -> object:
    routes: tuple[tuple[str, Callable[..., object]], ...] = (
        ("GET", lambda: {**github.data["repository"], "private": github.data["private"]}),
        ("GET actions oidc customization sub", lambda: github.data["subject"]),
        ("GET environments *", lambda name: environments.show(github, name)),
        ("PUT environments *", lambda name: environments.put(github, name, body)),
        ("DELETE environments *", lambda name: environments.remove(github, name)),
        ("GET environments * deployment-branch-policies", lambda name: environments.branches(github, name)),
        ("POST environments * deployment-branch-policies", lambda name: environments.add_branch(github, name, body)),
        (
            "DELETE environments * deployment-branch-policies *",
            lambda name, number: environments.remove_branch(github, name, number),
        ),
        ("GET issues", lambda: issues.listed(github, query)),
        ("POST issues", lambda: issues.create(github, body)),
        ("PATCH issues *", lambda number: issues.change(github, number, body)),
        ("GET issues * comments", lambda number: issues.comments(github, number)),
        ("POST issues * comments", lambda number: issues.add_comment(github, number, body)),
        ("PATCH issues comments *", lambda number: issues.change_comment(github, number, body)),
    )
    for pattern, answer in routes:
        wanted = pattern.split()
        if len(wanted) == len(words) and all(want in {"*", word} for want, word in zip(wanted, words, strict=True)):
            return answer(*(word for want, word in zip(wanted, words, strict=True) if want == "*"))
    raise not_found()
