"""The layout of the synthesized JSON."""

import json
from difflib import unified_diff
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from constructs.terraform_json import render
from main import synthesize
from settings.environment import EnvironmentSettings
from tests.synth.stack import stack_file

_SCALARS = st.none() | st.booleans() | st.integers() | st.text()
_DOCUMENTS = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(_DOCUMENTS)
def test_the_layout_changes_nothing(document: object) -> None:
    assert json.loads(render(document)) == document


def test_one_more_project_is_a_short_difference(tmp_path: Path) -> None:
    few = EnvironmentSettings(env="dev", projects={"first": {"default": True}, "second": {}})
    more = EnvironmentSettings(env="dev", projects={"first": {"default": True}, "second": {}, "third": {}})
    lines = []
    for number, settings in enumerate((few, more)):
        synthesize([settings], outdir=tmp_path / str(number))
        file = stack_file(folder=tmp_path / str(number), env="dev")
        lines.append(file.read_text(encoding="utf-8").splitlines())
    before, after = lines
    changed = [line for line in unified_diff(before, after, n=0) if line[0] in "+-"]
    assert 20 < len(changed) < 60, changed
