"""How much of what all projects share, such as connections, one of them may take.

Requests take minutes: without a bound one project could keep everything, however fair a queue is. A dynamic threshold
leaves some for newcomers and needs no number of projects: https://doi.org/10.1109/90.664262.
"""

_PER_FREE_PLACE = 3


def may_take(*, taken: int, free: int) -> bool:
    """Return whether a project that has so many places gets another: one project alone gets three quarters."""
    return taken < _PER_FREE_PLACE * free
