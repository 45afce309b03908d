"""What all settings share: how a group of them behaves, and how a value is refused."""

from collections.abc import Iterator, Mapping
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
from pydantic_core import InitErrorDetails, PydanticCustomError

CONFLICT = "conflict"


class Group(BaseModel):
    """A table of the file: read-only, without unknown fields; defaults are checked like given values."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def refused(message: str) -> PydanticCustomError:
    """The error to raise for a value that is wrong by itself; `message` says what is allowed."""
    return PydanticCustomError("refused", "{message}", {"message": message})


def conflict(message: str) -> PydanticCustomError:
    """The error to raise for a value that contradicts another one, which may come from elsewhere."""
    return PydanticCustomError(CONFLICT, "{message}", {"message": message})


def conflicts(group: Group, messages: Mapping[str, str]) -> ValidationError:
    """The error to raise for a whole group; `messages` is by field."""
    details = [
        InitErrorDetails(type=conflict(message), loc=(field,), input=getattr(group, field))
        for field, message in messages.items()
    ]
    return ValidationError.from_exception_data(type(group).__name__, details)


def must_be(allowed: str) -> WrapValidator:
    """Says what is allowed, in place of pydantic's words for the constraint that failed."""

    def check(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            raise refused(f"must be {allowed}") from None

    return WrapValidator(check)


@dataclass(frozen=True)
class Between(GroupedMetadata):
    """A number within bounds, both of which are allowed."""

    low: float
    high: float
    of: str = "a number"

    def __iter__(self) -> Iterator[Any]:
        yield Ge(self.low)
        yield Le(self.high)
        yield BeforeValidator(_no_switch)
        yield must_be(f"{self.of} from {self.low} to {self.high}")


def _no_switch(value: object) -> object:
    """Python takes True for 1."""
    if isinstance(value, bool):
        raise refused("must be a number")
    return value


def whole_number(low: int, high: int) -> Between:
    return Between(low, high, "a whole number")


def seconds(low: float, high: float) -> Between:
    return Between(low, high, "a number of seconds")


Switch = Annotated[bool, must_be("true or false")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), must_be("a text of 1 to 256 characters")]
