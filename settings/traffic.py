"""Who can reach the gateway, and with how many replicas it answers."""

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from settings.values import Group, Switch, Text, conflict, list_of, refused, whole_number

_PRIVATE = tuple(
    IPv4Network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/3",
    )
)
"""Addresses that nobody on the internet connects from: RFC 1918, 6598, 1122, 3927, 5771 and 1112."""
_WIDEST = 8


def _ipv4_network(cidr: str) -> str:
    address, _, prefix = cidr.partition("/")
    example = "must be an IPv4 network in CIDR notation, like 203.0.113.0/24 or, for one address, 203.0.113.7/32"
    if not (prefix.isascii() and prefix.isdigit()):
        raise refused(example)
    try:
        network = IPv4Network(cidr, strict=False)
    except ValueError:
        raise refused(example) from None
    if str(network.network_address) != address:
        raise refused(f"{example}; the network of this address is {network}")
    if network.prefixlen < _WIDEST:
        raise refused(f"must be a network of /{_WIDEST} or smaller. To let any address connect, leave the list empty")
    return str(network)


def _apart(networks: tuple[str, ...]) -> tuple[str, ...]:
    for number, one in enumerate(networks):
        for other in networks[:number]:
            if one == other:
                raise refused(f"must be different networks; {one} is there twice")
            if IPv4Network(one).overlaps(IPv4Network(other)):
                raise refused(f"must be networks that do not overlap; {one} and {other} do")
    return networks


def private_networks(networks: Iterable[str]) -> list[str]:
    """Those from which nothing connects over the internet."""
    return [one for one in networks if any(IPv4Network(one).overlaps(private) for private in _PRIVATE)]


Networks = Annotated[
    tuple[Annotated[Text, AfterValidator(_ipv4_network)], ...], list_of("IPv4 networks"), AfterValidator(_apart)
]


class Scale(Group):
    """Replicas. Source: https://learn.microsoft.com/azure/container-apps/scale-app; azurerm 4.62 takes 300 at most."""

    min_replicas: Annotated[int, whole_number(0, 300)] = Field(
        1,
        description="Minimum number of replicas (prod with network.zone_redundancy: 2). With 0, the first request "
        "after a pause waits for a start.",
    )
    max_replicas: Annotated[int, whole_number(1, 300)] = Field(3, description="Maximum number of replicas.")
    max_inactive_revisions: Annotated[int, whole_number(1, 100)] = Field(
        20, description="Inactive revisions that Azure keeps. A rollback activates one of them."
    )
    concurrent_requests: Annotated[int, whole_number(1, 1000)] = Field(
        40, description="Concurrent requests per replica, above which another replica starts."
    )

    @field_validator("max_replicas")
    @classmethod
    def _not_below_min(cls, max_replicas: int, info: ValidationInfo) -> int:
        if (min_replicas := info.data.get("min_replicas", 0)) > max_replicas:
            raise conflict(f"must be at least scale.min_replicas, which is {min_replicas}")
        return max_replicas


class Ingress(Group):
    """Who can reach the gateway. Source: https://learn.microsoft.com/azure/container-apps/ip-restrictions."""

    external: Switch = Field(
        default=True, description="Accept connections from outside the Container Apps environment."
    )
    ip_allowlist: Networks = Field(
        (), description="IPv4 networks in CIDR notation that may connect. If empty, any address may."
    )

    @field_validator("ip_allowlist")
    @classmethod
    def _can_connect(cls, networks: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("external") and (private := private_networks(networks)):
            raise conflict(
                "must be public networks where ingress.external is true: connections come from public addresses, never "
                f"from {', '.join(private)}"
            )
        return networks
