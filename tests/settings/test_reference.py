"""docs/settings.md says of every field what the model says."""

import json
import re

import pytest

from scripts import settings_reference
from scripts.cli.error_handling import ScriptError
from scripts.settings_reference import FILE, reference, tables, with_reference
from settings import json_schema
from settings.environment import EnvironmentSettings
from settings.existing import Registry
from settings.loading import load_environment
from tests.settings.conftest import WriteFile

TABLES = list(tables())
ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def test_the_document_is_not_stale() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert with_reference(text) == text, "run: python3 scripts/settings_reference.py --write"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.header or "top")
def test_every_field_has_a_description(table: settings_reference.Table) -> None:
    assert not [name for name, field in table.model.model_fields.items() if not field.description]


def test_every_table_of_a_file_is_there() -> None:
    headers = {table.header for table in TABLES}
    assert {"", "[scale]", "[containers.litellm]", "[[upstreams]]", "[[models]]", "[projects.NAME]"} <= headers
    tops = {re.split(r"[.\]]", header.lstrip("["))[0] for header in headers if header}
    rows = set(ROW.findall(reference().partition("### `[")[0]))
    assert rows | tops == set(EnvironmentSettings.model_fields)
    assert not rows & tops


def test_tables_of_two_kinds_are_told_apart_by_a_field() -> None:
    titles = re.findall(r"^### (.*upstreams.*)$", reference(), re.MULTILINE)
    assert titles == [
        "`[[upstreams]]` with `endpoint`",
        "`[[upstreams]]` with `location`",
        "`[[upstreams.deployments]]`",
    ]


def test_a_row_tells_bounds_default_and_meaning() -> None:
    assert "| `max_replicas` | a whole number from 1 to 300 | `3` | Maximum number of replicas. |" in reference()
    assert '| `kind` | "responses", "chat" or "embeddings" | must be given |' in reference()
    assert "| `storage_account_name` | 3 to 24 lower-case letters and digits | derived |" in reference()


def test_every_variable_that_it_names_is_taken(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    given = 0
    for table in TABLES:
        is_optional = table.model is Registry  # whose id is required
        if table.header.startswith("[[") or "NAME" in table.variable or is_optional:
            continue
        for name, field in table.model.model_fields.items():
            if isinstance(field.default, str | int | float):
                text = field.default if isinstance(field.default, str) else json.dumps(field.default)
                monkeypatch.setenv(table.variable + name.upper(), text)
                given += 1
    assert given > 30
    assert load_environment(write('env = "dev"\n')).scale.max_replicas == 3


def test_a_stale_document_is_told_and_written_anew(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(
        FILE.read_text(encoding="utf-8").replace("Maximum number of replicas.", "Something else."), "settings.md"
    )
    monkeypatch.setattr(settings_reference, "FILE", file)
    monkeypatch.setattr(settings_reference, "SCHEMA", write(json_schema.render(), "schema.json"))
    monkeypatch.setattr(settings_reference, "ROOT", file.parent)

    def run(option: str) -> None:
        monkeypatch.setattr("sys.argv", ["settings_reference.py", option])
        settings_reference.main()

    with pytest.raises(ScriptError, match="is outdated"):
        run("--check")
    assert "Something else." in file.read_text(encoding="utf-8")
    run("--write")
    run("--check")
    assert "Something else." not in file.read_text(encoding="utf-8")


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ScriptError, match="must have the lines"):
        with_reference("# Settings\n")
