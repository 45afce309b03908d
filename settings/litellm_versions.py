"""Which versions of LiteLLM must not run: releases that were compromised or have a published, critical hole.

Sources: the advisories by name, at https://github.com/advisories and https://osv.dev, and LiteLLM's own announcements.
They describe every release until the end of November 2026: up to 1.110.2, and 1.108.21 of the line with long-term
support. An old row stays: somebody may still pin that version.
"""

from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Advisory:
    """One published reason against some versions; a range includes both of its ends."""

    name: str
    hole: str
    ranges: tuple[tuple[Version, Version], ...]

    def affects(self, version: Version) -> bool:
        return any(first <= version <= last for first, last in self.ranges)


_FIRST = (0, 0, 0)
_LAST_BEFORE_1_84 = (1, 83, 999_999)

ADVISORIES = (
    Advisory(
        "GHSA-4xpc-pv4p-pm3w (CVE-2026-49468)",
        "a crafted Host header passes authentication",
        ((_FIRST, _LAST_BEFORE_1_84),),
    ),
    Advisory("CVE-2026-59822", "fixed in 1.84.0", ((_FIRST, _LAST_BEFORE_1_84),)),
    Advisory(
        "CVE-2026-42271",
        "command injection by an MCP test route, exploited in the wild",
        (((1, 74, 2), (1, 83, 6)),),
    ),
    Advisory("GHSA-r75f-5x8p-qvmc", "SQL injection", (((1, 81, 16), (1, 83, 6)),)),
    Advisory("PYSEC-2026-4070", "user_config in a body sends the request anywhere", ((_FIRST, (1, 83, 8)),)),
    Advisory(
        "compromised packages on PyPI, March 2026", "the release itself is malicious", (((1, 82, 7), (1, 82, 8)),)
    ),
    Advisory(
        "docs.litellm.ai/blog/security-incident-oct-21-2026",
        "the release itself is malicious, on PyPI, Docker Hub and GHCR",
        (((1, 107, 0), (1, 107, 0)),),
    ),
    Advisory(
        "GHSA-7hp6-4w63-5g45",
        "a user becomes administrator and executes code",
        (
            ((1, 91, 0), (1, 100, 3)),
            ((1, 101, 0), (1, 101, 2)),
            ((1, 102, 0), (1, 102, 1)),
            ((1, 103, 0), (1, 103, 0)),
        ),
    ),
)


def advisories_for(version: Version) -> tuple[Advisory, ...]:
    """Every reason against this version; none for one that may run."""
    return tuple(advisory for advisory in ADVISORIES if advisory.affects(version))
