"""The address of the client that sent a request."""

import ipaddress
from functools import lru_cache

from aiohttp import web


def client_address(http_request: web.BaseRequest) -> str:
    """Return the address that the ingress saw, else that of the connection.

    The ingress of Container Apps appends it to X-Forwarded-For; what stands before it is the client's own text.
    https://learn.microsoft.com/azure/container-apps/ingress-overview#http-headers
    """
    forwarded = http_request.headers.getall("x-forwarded-for", None)
    last = forwarded[-1].rpartition(",")[2].strip() if forwarded else ""
    return _parse(last) or _parse(http_request.remote or "") or "unknown"


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits, as one subscriber has."""
    return address if ":" not in address else str(ipaddress.ip_network((address, 64), strict=False))


@lru_cache(maxsize=4096)
def _parse(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
