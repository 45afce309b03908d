"""Issues and their comments, pull requests among them: https://docs.github.com/rest/issues."""

from __future__ import annotations

from tests.cloud.gh.github import GitHub, HttpError, Json, issue, not_found

LONGEST = 65_536


def listed(github: GitHub, query: Json) -> list[Json]:
    """The newest first, as GitHub sorts them; pull requests are issues to it."""
    return [
        shown(github, each)
        for each in sorted(github.data["issues"], key=lambda each: -each["number"])
        if each["state"] == query.get("state", "open") and query.get("creator", each["user"]) == each["user"]
    ]


def shown(github: GitHub, each: Json) -> Json:
    """As GitHub answers it."""
    user = {"login": each["user"], "id": github.data["users"][each["user"]]}
    answer = {key: each[key] for key in ("number", "title", "body", "state")} | {"user": user}
    name = github.data["repository"]["full_name"]
    answer["html_url"] = f"https://github.com/{name}/issues/{each['number']}"
    return answer | ({"pull_request": {}} if each["pull_request"] else {})


def create(github: GitHub, body: Json) -> Json:
    """Open one."""
    github.require("issues")
    _check(body)
    each = issue(github.number(), title=body["title"], body=body["body"], user=github.data["login"])
    github.data["issues"].append(each)
    return shown(github, each)


def change(github: GitHub, number: str, body: Json) -> Json:
    """Another text, or another state."""
    github.require("issues")
    _check(body)
    each = _issue(github, number)
    each.update({key: body[key] for key in ("title", "body", "state") if key in body})
    return shown(github, each)


def comments(github: GitHub, number: str) -> list[Json]:
    """The oldest first."""
    return [_comment(github, comment) for comment in _issue(github, number)["comments"]]


def add_comment(github: GitHub, number: str, body: Json) -> Json:
    """One more."""
    each = _issue(github, number)
    github.require("pull-requests" if each["pull_request"] else "issues")
    _check(body)
    comment = {"id": github.number(), "body": body["body"], "user": github.data["login"]}
    each["comments"].append(comment)
    return _comment(github, comment)


def change_comment(github: GitHub, number: str, body: Json) -> Json:
    """Another text."""
    _check(body)
    for each in github.data["issues"]:
        for comment in each["comments"]:
            if comment["id"] == int(number):
                github.require("pull-requests" if each["pull_request"] else "issues")
                comment["body"] = body["body"]
                return _comment(github, comment)
    raise not_found()


def _issue(github: GitHub, number: str) -> Json:
    for each in github.data["issues"]:
        if each["number"] == int(number):
            found: Json = each
            return found
    raise not_found()


def _comment(github: GitHub, comment: Json) -> Json:
    return {**comment, "user": {"login": comment["user"], "id": github.data["users"][comment["user"]]}}


def _check(body: Json) -> None:
    if len(body.get("body", "")) > LONGEST:
        raise HttpError(422, "Validation Failed")
