"""The example of the settings is valid."""

import re
from pathlib import Path

from settings.loading import load_environment
from tests.settings.conftest import WriteFile

EXAMPLE = Path(__file__).parents[2] / "docs/settings.md"


def examples() -> list[str]:
    """Those of the page, in its order."""
    return re.findall("```toml\n(.*?)```", EXAMPLE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_with_regions_and_projects_is_an_environment(write: WriteFile) -> None:
    (toml,) = examples()
    settings = load_environment(write(toml, "team.toml"))

    assert [upstream.name for upstream in settings.all_upstreams] == ["sweden", "france", "germany"]
    assert [model.name for model in settings.all_models][2:] == ["gpt-4o-mini", "codex-by-litellm"]
    assert list(settings.all_projects) == ["roo", "indexing"]
