"""The JSON schema that editors use, as a validator of JSON schemas reads it."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from local.runner.image import find_image
from settings.image import DEFAULT_IMAGE
from settings.json_schema import FILE, render
from settings.loading import environment_files
from tests import fixed_environments
from tests.settings.test_documentation import examples

_VALIDATE = """
import json, sys
from jsonschema import Draft202012Validator
schema, *contents = json.load(sys.stdin)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
print(json.dumps([sorted(error.json_path for error in validator.iter_errors(content)) for content in contents]))
"""
FILES = [*environment_files(), *environment_files(fixed_environments.ENVIRONMENTS), *fixed_environments.OPTIONAL]


def mistakes(*files: str) -> list[list[str]]:
    """Where the schema refuses something, by file. LiteLLM's image has a validator, which the gateway does not need."""
    contents = [json.loads(json.dumps(tomllib.loads(file), default=str)) for file in files]  # dates become texts
    text = json.dumps([json.loads(FILE.read_text(encoding="utf-8")), *contents])
    command = [str(find_image(DEFAULT_IMAGE) / "python"), "-c", _VALIDATE]
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    found: list[list[str]] = json.loads(ran.stdout)
    return found


def test_the_schema_is_not_stale() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run: python3 scripts/settings_reference.py --write"


def test_it_accepts_every_file_and_example() -> None:
    texts = [*(file.read_text(encoding="utf-8") for file in FILES), *examples()]
    assert len(texts) > 6
    assert mistakes(*texts) == [[] for _ in texts]


def test_it_refuses_unknown_fields_wrong_types_and_bounds() -> None:
    wrong = {
        "typo = 1": "$",
        "scale.typo = 1": "$.scale",
        'scale.max_replicas = "3"': "$.scale.max_replicas",
        "scale.max_replicas = 301": "$.scale.max_replicas",
        'keyless = "yes"': "$.keyless",
        'ingress.ip_allowlist = "203.0.113.0/24"': "$.ingress.ip_allowlist",
        "[projects.A]": "$.projects",
        "[projects.a]\nmonthly_tokens = 1": "$.projects.a",
        '[[models]]\nname = "gpt-4o"': "$.models[0]",
        '[[upstreams]]\nname = "a"': "$.upstreams[0]",
    }
    found = mistakes(*(f'env = "dev"\n{content}' for content in wrong))
    assert dict(zip(wrong, (places[0] if places else None for places in found), strict=True)) == wrong


@pytest.mark.parametrize("file", environment_files(), ids=lambda file: file.stem)
def test_a_file_names_the_schema_for_editors(file: Path) -> None:
    named = re.match(r"#:schema (\S+)\n", file.read_text(encoding="utf-8"))
    assert named
    assert (file.parent / named[1]).resolve() == FILE
