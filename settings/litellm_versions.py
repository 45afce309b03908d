"""Which versions of LiteLLM must not run: published security holes and compromised releases.

Source of a row: the advisory it names (https://github.com/advisories, https://osv.dev); reviewed against
LiteLLM 1.103.2. A row stays when it grows old: somebody may still pin that version.
"""

import re
from dataclasses import dataclass

Version = tuple[int, int, int]

# v1.103.2, main-v1.103.2, v1.103.2-stable: a suffix is a build of that version.
_TAG = re.compile(r"(?:[a-z_]+-)?v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:[-._a-z].*)?", re.ASCII)


@dataclass(frozen=True)
class Advisory:
    """One published reason against versions; a range includes both of its ends."""

    name: str
    hole: str
    ranges: tuple[tuple[Version, Version], ...]

    def affects(self, version: Version) -> bool:
        return any(first <= version <= last for first, last in self.ranges)


_BEGINNING = (0, 0, 0)
_ANY = 10**6

ADVISORIES = (
    Advisory(
        "GHSA-4xpc-pv4p-pm3w (CVE-2026-49468)",
        "a crafted Host header passes authentication",
        ((_BEGINNING, (1, 83, _ANY)),),
    ),
    Advisory("CVE-2026-59822", "fixed in 1.84.0", ((_BEGINNING, (1, 83, _ANY)),)),
    Advisory(
        "CVE-2026-42271",
        "command injection by an MCP test route, exploited in the wild",
        (((1, 74, 2), (1, 83, 6)),),
    ),
    Advisory("GHSA-r75f-5x8p-qvmc", "SQL injection", (((1, 81, 16), (1, 83, 6)),)),
    Advisory("PYSEC-2026-4070", "user_config in a body sends the request anywhere", ((_BEGINNING, (1, 83, 8)),)),
    Advisory("compromised releases of March 2026", "malicious code in the package", (((1, 82, 7), (1, 82, 8)),)),
    Advisory(
        "GHSA-7hp6-4w63-5g45",
        "a user becomes administrator and runs code",
        (
            ((1, 91, 0), (1, 100, 3)),
            ((1, 101, 0), (1, 101, 2)),
            ((1, 102, 0), (1, 102, 1)),
            ((1, 103, 0), (1, 103, 0)),
        ),
    ),
)


def version_of(tag: str) -> Version | None:
    """The version that an image's tag tells; None for a tag like `main-stable`, which tells none."""
    if match := _TAG.fullmatch(tag):
        major, minor, patch = match.groups()
        return int(major), int(minor), int(patch)
    return None


def advisories_for(version: Version) -> tuple[Advisory, ...]:
    return tuple(advisory for advisory in ADVISORIES if advisory.affects(version))
