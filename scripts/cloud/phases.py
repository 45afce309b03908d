"""How far the rotation of a project's key is, as its two secrets tell; so each half of it can be repeated.

derived   The second is the first one's hash, as a deployment makes it: nobody can have it. No rotation is going on.
second    It is another one: `add` has been here, or a person who set it. Clients can move to it.
same      `retire` was interrupted between its two writes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

Phase = Literal["derived", "second", "same"]


def phase_of(first: str, second: str) -> Phase:
    """What they are to each other."""
    if second == first:
        return "same"
    return "derived" if second == derived(first) else "second"


def derived(first: str) -> str:
    """The second key that the stack makes where nobody sets one."""
    return sha256(f"secondary:{first}".encode()).hexdigest()
