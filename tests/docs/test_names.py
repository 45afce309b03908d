"""Names of resources and queries in the documents exist."""

import re
from typing import get_args

from queries import query_names, read_query
from settings.loading import load_environments
from settings.naming import ResourceKind
from tests import fixed_environments
from tests.docs.markdown import ROOT, commands, pages, read

NAME = re.compile(r"\bpvc-?[a-z0-9-]*aigateway[a-z0-9-]*|\bpvc-[a-z0-9]+-[a-z0-9-]*kv\b")
GENERIC = {"pvc-aigateway-", "pvc-aigateway-plan", "pvc-aigateway-deploy"}


def test_resource_names_are_those_of_the_original_environments() -> None:
    namings = [settings.naming for settings in load_environments(fixed_environments.ENVIRONMENTS)]
    existing = {naming.name(kind) for naming in namings for kind in get_args(ResourceKind)} | GENERIC
    for page in pages():
        shown = {name for command in commands(read(page)) for name in NAME.findall(command)}
        assert shown <= existing, page


def test_the_queries_are_listed_by_their_questions() -> None:
    listed = re.findall(
        r"^\| (.+) \| \[(\w+)\]\(\.\./queries/\w+\.kql\) \|$", read(ROOT / "docs/operate.md"), re.MULTILINE
    )
    names = [name for name in query_names() if not name.startswith("alert_")]
    assert listed == [(read_query(name).question, name) for name in names]
