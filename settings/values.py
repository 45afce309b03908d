"""What all groups of settings share: how they behave and how they refuse a value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, GroupedMetadata, Le
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

CONFLICT = "conflict"


class Group(BaseModel):
    """A table of the file: read-only, without unknown fields; defaults are checked like given values."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def refused(message: str) -> PydanticCustomError:
    """The error to raise for a value that is wrong by itself; `message` says what is allowed."""
    return PydanticCustomError("refused", "{message}", {"message": message})


def conflict(message: str) -> PydanticCustomError:
    """The error to raise for a value that contradicts another one of the same group."""
    return PydanticCustomError(CONFLICT, "{message}", {"message": message})


def must_be(allowed: str) -> WrapValidator:
    """Says what is allowed, instead of pydantic's words for which of the constraints before it failed."""

    def check(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            raise refused(f"must be {allowed}") from None

    return WrapValidator(check)


@dataclass(frozen=True)
class Between(GroupedMetadata):
    """A number within bounds, both allowed; `true` is not a number, though Python thinks so."""

    low: float
    high: float
    of: str

    def __iter__(self) -> Iterator[Any]:
        yield Ge(self.low)
        yield Le(self.high)
        yield BeforeValidator(_not_a_switch)
        yield must_be(f"{self.of} from {self.low} to {self.high}")


def _not_a_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - pydantic wants ValueError; must_be() replaces it
    return value


def whole_number(low: int, high: int) -> Between:
    return Between(low, high, "a whole number")


def seconds(low: float, high: float) -> Between:
    return Between(low, high, "a number of seconds")


Switch = Annotated[bool, must_be("true or false")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), must_be("a text of 1 to 256 characters")]
