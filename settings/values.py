"""Shared by all settings: the base of a table, constraints, and the errors for refused values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, GroupedMetadata, Le
from pydantic import (
    AfterValidator,
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
FieldPath = tuple[str | int, ...]


class Group(BaseModel):
    """A table of the file: read-only, without unknown fields; defaults are validated, too."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    absent: ClassVar[Mapping[str, str]] = {}
    """Fields that somebody might expect here, and why there are none."""


def refused(message: str, *, in_a_variable: str | None = None) -> PydanticCustomError:
    """The error for a value that is wrong by itself; `message` says what is allowed.

    `in_a_variable` replaces it where an environment variable gives the value and needs another notation.
    """
    return PydanticCustomError("refused", "{message}", {"message": message, "in_a_variable": in_a_variable})


def conflict(message: str) -> PydanticCustomError:
    """The error for a value that contradicts another one, which may come from elsewhere."""
    return PydanticCustomError(CONFLICT, "{message}", {"message": message})


def conflicts(whole: object, messages: Mapping[FieldPath, str]) -> ValidationError:
    """The error for a group, or a table or list of groups; `messages` are by field path within it."""
    details = [
        InitErrorDetails(type=conflict(message), loc=place, input=reduce(_inside, place, whole))
        for place, message in messages.items()
    ]
    return ValidationError.from_exception_data(type(whole).__name__, details)


def _inside(whole: Any, part: str | int) -> object:  # noqa: ANN401 - a group, a table or a list
    return getattr(whole, str(part)) if isinstance(whole, BaseModel) else whole[part]


def must_be(allowed: str) -> WrapValidator:
    """Replace pydantic's message for a failed constraint by what is allowed."""

    def check(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            raise refused(f"must be {allowed}") from None

    return WrapValidator(check)


@dataclass(frozen=True)
class Between(GroupedMetadata):
    """A number within inclusive bounds."""

    low: float
    high: float
    of: str = "a number"
    types: tuple[type, ...] = (int, float)

    def __iter__(self) -> Iterator[Any]:
        yield Ge(self.low)
        yield Le(self.high)
        yield _exactly(*self.types)
        yield must_be(f"{self.of} from {self.low} to {self.high}")


class VariableText(str):
    """A text from an environment variable, which has no other way to give a number or a switch."""

    __slots__ = ()


def _exactly(*types: type) -> BeforeValidator:
    """No "5" for 5, no True for 1, no "yes" for true, no 0 for a date."""

    def check(value: object) -> object:
        if type(value) not in (*types, VariableText):
            raise refused("must have the right type")
        return value

    return BeforeValidator(check)


def whole_number(low: int, high: int) -> Between:
    return Between(low, high, "a whole number", (int,))


def seconds(low: float, high: float) -> Between:
    return Between(low, high, "a number of seconds")


Switch = Annotated[bool, _exactly(bool), must_be("true or false")]
Day = Annotated[date, _exactly(date), must_be("a date like 2027-08-24")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), must_be("a text of 1 to 256 characters")]
Name = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=32),
    must_be("1 to 32 lower-case letters, digits and single inner hyphens, starting with a letter"),
]


def at_most(most: int, what: str) -> AfterValidator:
    """A bound of a list's or table's length, with its reason in `what`."""

    def check(values: Any) -> object:  # noqa: ANN401 - a list or a table
        if len(values) > most:
            raise refused(f"must be at most {most} {what}; these are {len(values)}")
        return values

    return AfterValidator(check)


def list_of(what: str) -> BeforeValidator:
    """A list; in an environment variable, values separated by commas, or JSON."""

    def check(value: object) -> object:
        if isinstance(value, VariableText):
            try:
                value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
            except (ValueError, RecursionError):
                value = None
        if not isinstance(value, list | tuple):
            raise refused(f"must be a list of {what}")
        return [item.strip() if isinstance(item, str) else item for item in value]

    return BeforeValidator(check)


def tables(example: str) -> BeforeValidator:
    """Several tables of one form: an array of tables, or tables by name, as in the example."""
    is_list = example.startswith("[[")
    form = list | tuple if is_list else dict
    in_a_variable = f"must be JSON: {'an array of objects' if is_list else 'an object of objects by name'}"

    def check(value: object) -> object:
        if not isinstance(value, form):
            raise refused(f"must be given as tables, each headed {example}", in_a_variable=in_a_variable)
        return value

    return BeforeValidator(check)
