"""A JSON schema of an environment's file, for editors: names of fields, types and bounds, and what a field is.

`#:schema ../schema.json` at the top of a file leads Taplo and Even Better TOML to it
(https://taplo.tamasfe.dev/configuration/directives.html). What it cannot say, such as contradictions, the model does.
"""

import json
from pathlib import Path
from typing import Any

from settings.environment import EnvironmentSettings

FILE = Path(__file__).with_name("schema.json")


def render() -> str:
    """The file's content; the same on every machine."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_concise(EnvironmentSettings.model_json_schema()),
        "description": "The settings of one environment: see docs/settings.md.",
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _concise(part: Any, *, by_field: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Without titles, which repeat a field's name, and without defaults of whole tables: each field has its own.

    `by_field`: the part's names are those of fields, of which one may be called like a word of the schema.
    """
    if isinstance(part, list):
        return [_concise(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {name: value for name, value in part.items() if by_field or not _is_noise(name, value)}
    return {name: _concise(value, by_field=not by_field and name == "properties") for name, value in kept.items()}


def _is_noise(name: str, value: object) -> bool:
    return (name == "title" and isinstance(value, str)) or (name == "default" and isinstance(value, dict))
