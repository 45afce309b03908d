"""Which branches may be deployed from, and the words about GitHub's part."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.github_runs import HAS_KEY, environment_of, github
from tests.bootstrap.runs import altered
from tests.cloud.gh.github import environment
from tests.cloud.stand_ins import Cloud

DEV = ("--env", "dev")


@pytest.mark.parametrize("beside", [[], [{"id": 6, "name": "main", "type": "branch"}]])
def test_a_tag_called_main_is_not_the_branch(cloud: Cloud, beside: list[dict[str, object]]) -> None:
    with cloud.scene("gh") as gh:
        gh["environments"]["dev"] = environment() | {
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
            "branch_policies": [*beside, {"id": 5, "name": "main", "type": "tag"}],
        }
    ran = github(cloud, *DEV, env=HAS_KEY)
    assert ran.code == 0, ran.err
    kept = environment_of(cloud, "dev")["branch_policies"]
    assert [(policy["name"], policy["type"]) for policy in kept] == [("main", "branch")]
    assert "deleted: deployment tag main" in ran.err


def test_a_dry_run_shows_what_github_would_be_told(cloud: Cloud) -> None:
    ran = github(cloud, "--env", "prod", "--dry-run", env=HAS_KEY)
    lines = [line.partition("would run: ")[2] for line in ran.err.splitlines() if " --input - " in line]
    told = [json.loads(shlex.split(line)[-1]) for line in lines]
    assert told == [
        {
            "reviewers": [{"type": "User", "id": 101}],
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        },
        {"name": "main", "type": "branch"},
    ]


def test_a_checklist_is_not_called_nothing(cloud: Cloud) -> None:
    cloud.without("gh")
    ran = github(cloud, *DEV)
    assert ran.err.endswith("GitHub is not prepared yet: follow the checklist above.\n")
    assert "Nothing to change." not in ran.err


def test_an_upstream_whose_secret_github_would_refuse_is_told_before_anything_is_made(
    cloud: Cloud, stacks: Path, tmp_path: Path
) -> None:
    def rename(_: str, content: dict[str, Any]) -> None:
        content["variable"]["github_api_key"] = content["variable"].pop("azure_openai_api_key")

    ran = github(cloud, *DEV, env=altered(stacks, tmp_path / "named", rename))
    assert ran.code == 2
    assert "dev needs a secret GITHUB_API_KEY, but GitHub reserves names that begin with GITHUB_." in ran.err
    assert cloud.changes() == []
