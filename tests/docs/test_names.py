"""Names that the documents show are names of something."""

import re
from typing import get_args

from settings.loading import load_environments
from settings.naming import ResourceKind
from tests import known
from tests.docs.pages import ROOT, commands, fenced, pages, read

NAME = re.compile(r"\bpvc-?[a-z0-9-]*aigateway[a-z0-9-]*|\bpvc-[a-z0-9]+-[a-z0-9-]*kv\b")
GENERIC = {"pvc-aigateway-", "pvc-aigateway-plan", "pvc-aigateway-deploy"}


def test_names_of_resources_are_those_of_environments_as_they_come() -> None:
    namings = [settings.naming for settings in load_environments(known.ENVIRONMENTS)]
    true = {naming.name(kind) for naming in namings for kind in get_args(ResourceKind)} | GENERIC
    for page in pages():
        shown = {name for command in commands(read(page)) for name in NAME.findall(command)}
        assert shown <= true, page


def test_the_queries_ask_for_fields_that_the_log_has() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "gateway/runtime").glob("*.py"))
    queries = fenced(read(ROOT / "docs/operate.md"), "kusto")
    assert len(queries) == 4
    for field in {field for query in queries for field in re.findall(r"\bline\.(\w+)", query)}:
        assert f'"{field}":' in source or f"{field}=" in source, field


def test_the_queries_name_events_that_the_gateway_tells() -> None:
    source = (ROOT / "gateway/runtime/breaker.py").read_text(encoding="utf-8")
    events = {
        event
        for query in fenced(read(ROOT / "docs/operate.md"), "kusto")
        for event in re.findall(r'"(\w+_\w+)"', query)
    }
    assert events
    assert all(f'"event": "{event}"' in source for event in events)
