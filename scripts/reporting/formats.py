"""Numbers as people read them."""

from __future__ import annotations

from scripts.reporting.series import Unit

_THOUSANDS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_NONE = "-"
_SPACE = "\N{NO-BREAK SPACE}"


def short(value: float, unit: Unit) -> str:
    """For an axis."""
    if unit == "dollars":
        return f"${value:,.2f}" if value < 10 else f"${value:,.0f}"
    if unit == "percent":
        return f"{value:g} %"
    scale, letter = next(((size, name) for size, name in _THOUSANDS if value >= size), (1, ""))
    return f"{value / scale:.4g}{letter}{' s' if unit == 'seconds' else ''}"


def full(value: float | None, unit: Unit) -> str:
    """For a table or a text."""
    if value is None:
        return _NONE
    match unit:
        case "count":
            return f"{value:,.0f}"
        case "dollars":
            return f"${value:,.2f}" if value == 0 or value >= 0.005 else f"${value:.4f}"
        case "seconds":
            return f"{value:,.3f}{_SPACE}s"
        case "percent":
            return f"{value:.2f}{_SPACE}%"
