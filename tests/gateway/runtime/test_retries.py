"""How long an upstream wants to be left alone, in every way to say so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.runtime.retries import read_retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "2", "retry-after-ms": "soon"}, 2.0),
        ({"retry-after": "-2"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_the_pause_that_an_upstream_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after_s(headers) == seconds


def test_a_pause_may_be_told_by_its_end() -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    assert read_retry_after_s({"retry-after": format_datetime(end, usegmt=True)}) == pytest.approx(3600, abs=30)
