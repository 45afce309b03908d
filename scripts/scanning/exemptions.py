"""The findings that are accepted, each with its reason: exemptions.yaml."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from scripts.cli.error_handling import ScriptError
from scripts.scanning.findings import Finding

FILE = Path(__file__).with_name("exemptions.yaml")


class Exemption(BaseModel):
    """Accepts the findings of one check on some resources, except in the environments of `not_in`."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1, str_strip_whitespace=True)

    check: str
    resources: str
    reason: str
    not_in: tuple[str, ...] = ()

    def covers(self, finding: Finding) -> bool:
        """Whether it accepts this finding."""
        fits = finding.check == self.check and fnmatchcase(finding.address, self.resources)
        return fits and finding.env not in self.not_in


def load(text: str) -> list[Exemption]:
    """All of them; `ScriptError` when one has no reason."""
    try:
        return TypeAdapter(list[Exemption]).validate_python(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ScriptError(f"{FILE.name}: {error}", code=2) from None


def apply(
    exemptions: Sequence[Exemption], findings: Sequence[Finding], *, addresses: Collection[str]
) -> tuple[list[Finding], list[Exemption]]:
    """The findings that no exemption covers, and the exemptions that cover no finding.

    `addresses` are those of all resources: an exemption for one that the settings turned off is no mistake.
    """
    uncovered = [finding for finding in findings if not any(it.covers(finding) for it in exemptions)]
    unused = [
        it
        for it in exemptions
        if any(fnmatchcase(address, it.resources) for address in addresses)
        and not any(it.covers(finding) for finding in findings)
    ]
    return uncovered, unused
