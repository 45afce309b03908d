"""Variables of the environment that override a file: `AIGATEWAY_SCALE__MAX_REPLICAS=5` sets scale.max_replicas.

They override every environment that this process loads. Upper and lower case are the same; an empty variable
counts as unset, because that is how GitHub Actions hands over one that does not exist. A table may also be given
as JSON, a list of networks with commas.
"""

import os
from collections.abc import Sequence
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

PREFIX = "AIGATEWAY_"
NESTED = "__"
# The client's key, which shares the prefix and is none of the settings.
_FOREIGN = frozenset({f"{PREFIX}KEY"})


class Variables(EnvSettingsSource):
    """The source of overrides, which also knows what came from which variable."""

    def __init__(self, model: type[BaseSettings]) -> None:
        super().__init__(model)
        self.values = self()
        self.names = sorted(
            name.upper()
            for name, value in os.environ.items()
            if name.upper().startswith(PREFIX) and name.upper() not in _FOREIGN and value
        )

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """JSON where it is JSON; any other text is left for the field to judge."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value

    def unknown(self) -> list[str]:
        """Names that set nothing, for example because of a spelling mistake."""
        return [name for name in self.names if not self._holds(name.removeprefix(PREFIX).lower().split(NESTED))]

    def name_of(self, field: Sequence[str]) -> str | None:
        """The variable that the field's value came from, or None when it came from the file."""
        if not self._holds(field):
            return None
        ancestors = (field[:end] for end in range(len(field), 0, -1))
        return next((name for ancestor in ancestors if (name := _variable(ancestor)) in self.names), None)

    def names_in(self, group: str) -> list[str]:
        """The variables that set a field of this top-level group, or all of it."""
        whole = _variable([group])
        return [name for name in self.names if name == whole or name.startswith(whole + NESTED)]

    def _holds(self, field: Sequence[str]) -> bool:
        values: Any = self.values
        for name in field:
            if not isinstance(values, dict) or name not in values:
                return False
            values = values[name]
        return True


def _variable(field: Sequence[str]) -> str:
    return PREFIX + NESTED.join(field).upper()
