"""The environments by way of the REST API: https://docs.github.com/rest/deployments/environments."""

from __future__ import annotations

from tests.cloud.gh.github import GitHub, HttpError, Json, environment, not_found


def show(github: GitHub, name: str) -> Json:
    """As GitHub answers it, with its rules."""
    there = github.environment(name)
    rules: list[Json] = []
    if there["wait_timer"]:
        rules.append({"type": "wait_timer", "wait_timer": there["wait_timer"]})
    if there["reviewers"]:
        rules.append(
            {
                "type": "required_reviewers",
                "prevent_self_review": there["prevent_self_review"],
                "reviewers": [_reviewer(github, reviewer) for reviewer in there["reviewers"]],
            }
        )
    if there["deployment_branch_policy"]:
        rules.append({"type": "branch_policy"})
    return {
        "name": name,
        "protection_rules": rules,
        "deployment_branch_policy": there["deployment_branch_policy"],
    }


def put(github: GitHub, name: str, body: Json) -> Json:
    """Create or update; what the body does not say is what a new one has."""
    github.require_admin()
    reviewers = body.get("reviewers") or []
    plan = github.data["plan"] if github.data["private"] else "any"
    if plan == "free" or (reviewers and plan == "team"):
        raise HttpError(
            422,
            "Failed to create the environment protection rule. Please ensure the billing plan supports the required "
            "reviewers protection rule.",
        )
    for reviewer in reviewers:
        if reviewer["id"] not in {*github.data["users"].values(), *github.data["teams"].values()}:
            raise HttpError(422, "Validation Failed")
    there = github.data["environments"].setdefault(name, environment())
    fresh = environment()
    for key in ("reviewers", "wait_timer", "prevent_self_review", "deployment_branch_policy"):
        there[key] = body.get(key) or fresh[key]
    return show(github, name)


def remove(github: GitHub, name: str) -> None:
    """With its variables and secrets."""
    github.require_admin()
    github.environment(name)
    del github.data["environments"][name]


def _reviewer(github: GitHub, reviewer: Json) -> Json:
    people, teams = github.data["users"], github.data["teams"]
    if reviewer["type"] == "User":
        login = next(login for login, number in people.items() if number == reviewer["id"])
        return {"type": "User", "reviewer": {"id": reviewer["id"], "login": login}}
    name = next(name for name, number in teams.items() if number == reviewer["id"])
    return {"type": "Team", "reviewer": {"id": reviewer["id"], "slug": name.rpartition("/")[2]}}


def branches(github: GitHub, name: str) -> Json:
    """The branches that may be deployed from."""
    policies = github.environment(name)["branch_policies"]
    return {"total_count": len(policies), "branch_policies": policies}


def add_branch(github: GitHub, name: str, body: Json) -> Json:
    """One more; only where branches are chosen by name."""
    github.require_admin()
    there = github.environment(name)
    if not (there["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise not_found()
    policy = {"id": github.number(), "name": body["name"], "type": body.get("type", "branch")}
    there["branch_policies"].append(policy)
    return policy


def remove_branch(github: GitHub, name: str, number: str) -> None:
    """One less."""
    github.require_admin()
    there = github.environment(name)
    there["branch_policies"] = [policy for policy in there["branch_policies"] if policy["id"] != int(number)]
