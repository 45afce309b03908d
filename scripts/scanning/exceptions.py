"""Findings that are left as they are, each with its reason: exceptions.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from scripts.cli.error_handling import ScriptError
from scripts.scanning.findings import Finding

FILE = Path(__file__).with_name("exceptions.yaml")


class Exempt(BaseModel):
    """Findings of one check on some resources, everywhere but in the environments of `not_in`."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1, str_strip_whitespace=True)

    check: str
    resources: str
    reason: str
    not_in: tuple[str, ...] = ()

    def covers(self, finding: Finding) -> bool:
        """Whether this is one of them."""
        fits = finding.check == self.check and fnmatchcase(finding.address, self.resources)
        return fits and finding.env not in self.not_in


def load(text: str) -> list[Exempt]:
    """The exceptions; `ScriptError` when one lacks its reason."""
    try:
        return TypeAdapter(list[Exempt]).validate_python(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ScriptError(f"{FILE.name}: {error}", code=2) from None


def apply(exceptions: Sequence[Exempt], findings: Sequence[Finding]) -> tuple[list[Finding], list[Exempt]]:
    """The findings that none of them covers, and those of them that cover nothing."""
    open_ones = [finding for finding in findings if not any(it.covers(finding) for it in exceptions)]
    idle = [it for it in exceptions if not any(it.covers(finding) for finding in findings)]
    return open_ones, idle
