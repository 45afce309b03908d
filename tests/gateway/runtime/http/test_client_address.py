"""Which address counts as the client's."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from multidict import CIMultiDict

from gateway.runtime.http.client_address import client_address, network_of


def address_of(*forwarded: str, peer: str | None = "10.0.0.1") -> str:
    headers = CIMultiDict([("x-forwarded-for", value) for value in forwarded])
    return client_address(cast("Any", SimpleNamespace(headers=headers, remote=peer)))


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1,  2001:DB8::0001 "], "2001:db8::1"),
        (["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["fe80::1%eth0"], "fe80::1"),
    ],
)
def test_it_is_the_last_that_the_ingress_has_appended(forwarded: list[str], address: str) -> None:
    assert address_of(*forwarded) == address


@pytest.mark.parametrize("forwarded", [[], [""], ["a secret"], ["203.0.113.9, <script>"], ["203.0.113.9,"], ["1.2.3"]])
def test_without_a_valid_one_it_is_the_connections(forwarded: list[str]) -> None:
    assert address_of(*forwarded) == "10.0.0.1"


def test_a_connection_without_an_address_has_a_name() -> None:
    assert address_of(peer=None) == "unknown"


def test_a_network_of_64_bits_is_one_client() -> None:
    assert network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("unknown") == "unknown"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::ffff") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::4") == "2001:db8:1:3::/64"
