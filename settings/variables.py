"""Variables of the environment override a file: `AIGATEWAY_SCALE__MAX_REPLICAS=5` sets scale.max_replicas.

They apply to every environment that this process loads. Upper and lower case are the same, and names of tags
become lower-case. An empty variable counts as unset, because that is how GitHub Actions hands over one that does
not exist. A whole table can be given as JSON, a list of texts with commas. The file's order of tables stays.
"""

import os
import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from settings.values import VariableText

PREFIX = "AIGATEWAY_"
NESTED = "__"
_CLIENT_KEY = f"{PREFIX}KEY"  # shares the prefix and is none of the settings


class Variables(EnvSettingsSource):
    """The values that come from environment variables, and from which."""

    def __init__(self, model: type[BaseSettings]) -> None:
        super().__init__(model)
        self.env_vars = dict(sorted(self.env_vars.items()))  # what they add comes in the same order on every machine
        self.values = self()
        given = {name.upper() for name, value in os.environ.items() if value}
        self.names = sorted(name for name in given if name.startswith(PREFIX) and name != _CLIENT_KEY)

    def __call__(self) -> dict[str, Any]:
        """By field; texts are marked as texts of variables."""
        return {name: _marked(value) for name, value in super().__call__().items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """Parse JSON; leave any other text to the field's validation."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value

    def unknown(self) -> list[str]:
        """The variables that name no setting, for example because of a typing error."""
        return [name for name in self.names if not self._give(_field(name))]

    def name_of(self, location: Sequence[int | str]) -> str | None:
        """The variable that sets this field, its table or a part of it; None if the file does."""
        field = [str(part) for part in takewhile(lambda part: isinstance(part, str) and part != "[key]", location)]
        if not field or not self._give(field):
            return None
        own = PREFIX + NESTED.join(field).upper()
        related = [n for n in self.names if (own + NESTED).startswith(n + NESTED) or n.startswith(own + NESTED)]
        return min(related, key=lambda name: abs(len(name) - len(own)))

    def concerning(self, text: str) -> list[str]:
        """The variables that set a part of a top-level field that the text names."""
        words = set(re.findall("[a-z_]+", text))
        return [name for name in self.names if _field(name)[0] in words]

    def _give(self, field: Sequence[str]) -> bool:
        values: Any = self.values
        for name in field:
            if not isinstance(values, dict) or name not in values:
                return False
            values = values[name]
        return True


def _marked(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _marked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return VariableText(value) if isinstance(value, str) else value


def _field(variable: str) -> list[str]:
    return variable.removeprefix(PREFIX).lower().split(NESTED)
