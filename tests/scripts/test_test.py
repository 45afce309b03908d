"""scripts/test.py: what a run consists of."""

import pytest

from scripts import test
from scripts.setup.prepare import LOCKS
from scripts.setup.requirements import image_locks
from scripts.setup.settings_files import litellm_versions


@pytest.mark.parametrize(
    ("words", "parsed"),
    [
        ([], (False, [])),
        (["--full"], (True, [])),
        (["tests/x", "-k", "y"], (False, ["tests/x", "-k", "y"])),
        (["-x", "--full", "tests/x"], (True, ["-x", "tests/x"])),
        (["--", "-x"], (False, ["-x"])),
    ],
)
def test_every_argument_but_full_is_for_pytest(words: list[str], parsed: tuple[bool, list[str]]) -> None:
    assert test.parse(words) == parsed


def test_with_arguments_pytest_runs_once() -> None:
    assert test.pytest_runs(["tests/x"], full=False) == {"pytest": ["tests/x"]}
    assert test.pytest_runs(["tests/x"], full=True) == {"pytest": ["tests/x", "--full"]}


def test_a_quick_run_is_every_test_but_the_long_ones() -> None:
    ((name, words),) = test.pytest_runs([], full=False).items()
    assert name == "pytest"
    assert "--full" not in words
    assert not [word for word in words if word.startswith("tests")]


def test_a_full_run_has_the_long_tests_the_newest_litellm_and_a_soak() -> None:
    others = image_locks(LOCKS).keys() - litellm_versions()
    assert others, "a newer LiteLLM than the settings' has a lock"
    everything, *again, soak = test.pytest_runs([], full=True).values()
    assert "--full" in everything
    assert {words[words.index("--litellm") + 1] for words in again} == others
    assert float(soak[soak.index("--soak-seconds") + 1]) >= 120
