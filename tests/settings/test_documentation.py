"""The settings that the documents show are settings."""

import re
from pathlib import Path

from settings.loading import load_environment
from tests.settings.conftest import WriteFile

EXAMPLE = Path(__file__).parents[2] / "docs/settings.md"


def examples() -> list[str]:
    """Those of the page, in its order."""
    return re.findall("```toml\n(.*?)```", EXAMPLE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_with_regions_and_projects_is_an_environment(write: WriteFile) -> None:
    toml, _ = examples()
    settings = load_environment(write(toml, "team.toml"))

    assert [upstream.name for upstream in settings.all_upstreams] == ["sweden", "france", "germany"]
    assert [model.name for model in settings.all_models][2:] == ["gpt-4o-mini", "codex-by-litellm"]
    assert list(settings.all_projects) == ["roo", "indexing"]


def test_the_example_with_owned_regions_is_one_without_keys(write: WriteFile) -> None:
    _, toml = examples()
    settings = load_environment(write(toml, "own.toml"))

    assert [upstream.name for upstream in settings.owned_upstreams] == ["sweden", "virginia"]
    assert settings.is_keyless
