"""How far the rotation of a project's key is, as its two secrets tell; so each half of it can be repeated.

derived   The second is the hash of the first, as a deployment makes it, or of one before it, where somebody wrote the
          first alone. Nobody was given it, and who had that first key can compute it. No rotation is going on.
second    It is another one: `add` has been here, or a person who set it. Clients can move to it.
same      `retire` was interrupted between its two writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Literal

from settings.secret_names import derived_second_key

Phase = Literal["derived", "second", "same"]


def phase_of(first: str, second: str, *, before: Iterable[str] = ()) -> Phase:
    """What they are to each other; `before` are the first one's earlier values, asked for when they matter."""
    if second == first:
        return "same"
    return "derived" if any(second == derived_second_key(key) for key in chain([first], before)) else "second"
