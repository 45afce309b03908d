"""Where processor time went."""

from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.report import Numbers, Section, table

_OURS = "gateway"
_SHOWN = 0.03
_OTHERS = "others"
_WHERE = {
    _OURS: "gateway/runtime",
    "": "none: aiohttp's server, event loop",
}


class Profile(BaseModel):
    """Of one kind of request; samples by the module that ran, and by the module of ours that waited for it."""

    requests: int
    cpu_s: float
    running: dict[str, int]
    asking: dict[str, int]

    @property
    def ms(self) -> float:
        """Milliseconds of processor time for a request."""
        return 1000 * self.cpu_s / self.requests


class ProfilingNumbers(Numbers):
    """By kind of request."""

    profiles: dict[str, Profile]

    def section(self) -> Section:
        """Three tables, a plot."""
        packages = {name: _shares(_by_package(profile.running)) for name, profile in self.profiles.items()}
        modules = {name: _shares(profile.asking) for name, profile in self.profiles.items()}
        header = ("", *self.profiles)
        return Section(
            lines=[
                *table(
                    header,
                    [
                        ("requests", *(f"{profile.requests:,}" for profile in self.profiles.values())),
                        ("processor time of one, ms", *(f"{profile.ms:.2f}" for profile in self.profiles.values())),
                    ],
                ),
                "",
                "Whose code ran, in percent of that time:",
                "",
                *table(header, _rows(packages)),
                "",
                "For which module of `gateway/runtime`, the innermost that waited for it, in percent:",
                "",
                *table(header, _rows(modules)),
            ],
            charts={
                "profiling": charts.stacked(
                    "Milliseconds of the gateway's processor time for a request, by whose code ran",
                    labels=list(self.profiles),
                    series={
                        _WHERE.get(package, package): [
                            packages[name].get(package, 0.0) * profile.ms for name, profile in self.profiles.items()
                        ]
                        for package in _names(packages)
                    },
                )
            },
            summary="\n".join(
                f"profiling: {name}, {profile.ms:.2f} ms of processor time, "
                f"{100 * packages[name].get(_OURS, 0.0):.0f} % of it in our own code"
                for name, profile in self.profiles.items()
            ),
        )


def _by_package(running: Mapping[str, int]) -> Counter[str]:
    packages: Counter[str] = Counter()
    for module, count in running.items():
        packages[module.partition(".")[0]] += count
    return packages


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Of all; those that are hardly to be seen together."""
    total = sum(counts.values())
    shares = {name: count / total for name, count in counts.items()}
    shown = {name: share for name, share in shares.items() if share >= _SHOWN}
    return {**shown, _OTHERS: 1.0 - sum(shown.values())}


def _names(shares: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Those with the largest sum first, the others last."""
    sums = {name: sum(of.get(name, 0.0) for of in shares.values()) for names in shares.values() for name in names}
    return sorted(sums, key=lambda name: (name == _OTHERS, -sums[name], name))


def _rows(shares: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ...]]:
    return [
        (_WHERE.get(name, name), *(f"{100 * of[name]:.0f}" if name in of else "-" for of in shares.values()))
        for name in _names(shares)
    ]
