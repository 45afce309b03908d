"""Shapes of JSON values: what is known of one is kept, what is not is left out, what is wrong is refused.

A shape is a function of a value and of the list of names that were left out so far; it returns what fits.
`null` is no value: a field that has it is treated like one that is not there.
"""

from collections.abc import Callable, Mapping

Shape = Callable[[object, list[str]], object]

_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class MisfitError(Exception):
    """A value of another shape than the `expected` one; `path` leads to it."""

    def __init__(self, expected: str, path: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = path


def either(shapes: Mapping[type, Shape]) -> Shape:
    """A value whose type, to the letter, picks the shape: JSON's true is no number."""

    def fit(value: object, left_out: list[str]) -> object:
        shape = shapes.get(type(value))
        if shape is None:
            raise MisfitError(" or ".join(_NAMES[kind] for kind in shapes))
        return shape(value, left_out)

    return fit


def many(shape: Shape, *, least: int = 0) -> Shape:
    """A list of values of one shape."""

    def fit(value: object, left_out: list[str]) -> object:
        if not isinstance(value, list) or len(value) < least:
            raise MisfitError("a list that is not empty" if least else "a list")
        return [_inside(f"[{index}]", shape, inner, left_out) for index, inner in enumerate(value)]

    return fit


def record(*required: str, **shapes: Shape) -> Callable[[object, list[str]], dict[str, object]]:
    """An object of known fields, of which some must be there."""

    def fit(value: object, left_out: list[str]) -> dict[str, object]:
        if not isinstance(value, dict):
            raise MisfitError("an object")
        left_out += [name for name in value if name not in shapes]
        given = {name: inner for name, inner in value.items() if name in shapes and inner is not None}
        if missing := [name for name in required if name not in given]:
            raise MisfitError("given", f".{missing[0]}")
        return {name: _inside(f".{name}", shapes[name], inner, left_out) for name, inner in given.items()}

    return fit


def typed(**shapes: Shape) -> Shape:
    """An object whose `type` picks the shape."""

    def fit(value: object, left_out: list[str]) -> object:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in shapes:
            raise MisfitError(f"an object of the type {' or '.join(shapes)}")
        return shapes[kind](value, left_out)

    return fit


def _inside(step: str, shape: Shape, value: object, left_out: list[str]) -> object:
    try:
        return shape(value, left_out)
    except MisfitError as misfit:
        raise MisfitError(misfit.expected, step + misfit.path) from None


def _as_it_is(value: object, _: list[str]) -> object:
    return value


def absent(value: object, left_out: list[str]) -> object:
    """What the answer would be wrong without, and cannot be passed on; to ask for nothing of it is well."""
    del left_out
    if value is not False:
        raise MisfitError("left out, as it cannot be translated")
    return value


text = either({str: _as_it_is})
whole = either({int: _as_it_is})
number = either({float: _as_it_is, int: _as_it_is})
switch = either({bool: _as_it_is})
anything = either({dict: _as_it_is})
