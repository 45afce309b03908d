"""Checks of the values of fields.

A validator is a function of a value and of the list of removed field names; it returns what is kept of the value.
Known fields are kept, unknown ones removed, invalid ones refused. A field that is `null` counts as absent.
"""

from collections.abc import Callable, Iterable, Mapping

Validator = Callable[[object, list[str]], object]

_TYPE_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class InvalidValueError(Exception):
    """A value at `path` is not what was `expected`."""

    def __init__(self, expected: str, path: str = "", *, code: str = "invalid_type") -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = path
        self.code = code


def by_type(validators: Mapping[type, Validator]) -> Validator:
    """A value with one of these exact types: true is not a number."""

    def validate(value: object, removed: list[str]) -> object:
        validator = validators.get(type(value))
        if validator is None:
            raise InvalidValueError(_either(_TYPE_NAMES[kind] for kind in validators))
        return validator(value, removed)

    return validate


def list_of(validator: Validator, *, min_length: int = 0) -> Validator:
    """A list."""

    def validate(value: object, removed: list[str]) -> object:
        if not isinstance(value, list) or len(value) < min_length:
            raise InvalidValueError("a list that is not empty" if min_length else "a list")
        return [_validate_inner(f"[{index}]", validator, inner, removed) for index, inner in enumerate(value)]

    return validate


def object_of(*required: str, **validators: Validator) -> Callable[[object, list[str]], dict[str, object]]:
    """An object with these fields."""

    def validate(value: object, removed: list[str]) -> dict[str, object]:
        if not isinstance(value, dict):
            raise InvalidValueError("an object")
        removed += [name for name in value if name not in validators]
        given = {name: inner for name, inner in value.items() if name in validators and inner is not None}
        if missing := [name for name in required if name not in given]:
            raise InvalidValueError("given", f".{missing[0]}")
        return {name: _validate_inner(f".{name}", validators[name], inner, removed) for name, inner in given.items()}

    return validate


def by_field(name: str, **validators: Validator) -> Validator:
    """An object whose field of this name, as `type` or `role`, selects the validator."""

    def validate(value: object, removed: list[str]) -> object:
        if not isinstance(value, dict):
            raise InvalidValueError("an object")
        kind = value.get(name)
        if not isinstance(kind, str) or kind not in validators:
            raise InvalidValueError(_either(validators), f".{name}")
        return validators[kind](value, removed)

    return validate


def by_type_field(**validators: Validator) -> Validator:
    """An object whose field `type` selects the validator."""
    return by_field("type", **validators)


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)


def _validate_inner(step: str, validator: Validator, value: object, removed: list[str]) -> object:
    try:
        return validator(value, removed)
    except InvalidValueError as invalid:
        raise InvalidValueError(invalid.expected, step + invalid.path, code=invalid.code) from None


def _accept(value: object, _: list[str]) -> object:
    return value


def one_of(*values: str) -> Validator:
    """One of these texts."""

    def validate(value: object, _: list[str]) -> object:
        if value not in values:
            raise InvalidValueError(_either(values), code="invalid_value")
        return value

    return validate


def one_given(first: str, second: str, validator: Validator) -> Validator:
    """An object that has one of these fields."""

    def validate(value: object, removed: list[str]) -> object:
        kept = validator(value, removed)
        if not isinstance(kept, dict) or kept.keys().isdisjoint((first, second)):
            raise InvalidValueError("given", f".{first}")
        return kept

    return validate


def absent_or_false(value: object, _: list[str]) -> object:
    """A field that changes the answer but cannot be translated."""
    if value is not False:
        raise InvalidValueError("left out, as it cannot be translated", code="unsupported_parameter")
    return value


text = by_type({str: _accept})
integer = by_type({int: _accept})
number = by_type({float: _accept, int: _accept})
boolean = by_type({bool: _accept})
any_object = by_type({dict: _accept})
