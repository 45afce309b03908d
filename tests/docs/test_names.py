"""Names of resources, fields and events in the documents exist."""

import re
from typing import get_args

from settings.loading import load_environments
from settings.naming import ResourceKind
from tests import fixed_environments
from tests.docs.markdown import ROOT, commands, fenced, pages, read

NAME = re.compile(r"\bpvc-?[a-z0-9-]*aigateway[a-z0-9-]*|\bpvc-[a-z0-9]+-[a-z0-9-]*kv\b")
GENERIC = {"pvc-aigateway-", "pvc-aigateway-plan", "pvc-aigateway-deploy"}


def test_resource_names_are_those_of_the_original_environments() -> None:
    namings = [settings.naming for settings in load_environments(fixed_environments.ENVIRONMENTS)]
    existing = {naming.name(kind) for naming in namings for kind in get_args(ResourceKind)} | GENERIC
    for page in pages():
        shown = {name for command in commands(read(page)) for name in NAME.findall(command)}
        assert shown <= existing, page


QUERIES = fenced(read(ROOT / "docs/operate.md"), "kusto")
SOURCE = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "gateway/runtime").rglob("*.py")))


def test_queries_use_fields_of_the_access_log() -> None:
    assert len(QUERIES) == 6
    for field in {field for query in QUERIES for field in re.findall(r"\bline\.(\w+)", query)}:
        assert f'"{field}":' in SOURCE or f"{field}=" in SOURCE, field


def test_queries_name_events_of_the_gateway() -> None:
    events = {event for query in QUERIES for event in re.findall(r'"(\w+_\w+)"', query)}
    assert events
    assert all(f'"{event}"' in SOURCE for event in events)
