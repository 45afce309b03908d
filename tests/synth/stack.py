"""A synthesized stack as tests read it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from settings.environment import EnvironmentSettings

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]

_REFERENCE = re.compile(r"(?<!\$)\$\{(?:[a-z0-9]+\()?((?:data\.)?azurerm_\w+\.\w+)")

_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The settings of an environment, and what became of them."""

    settings: EnvironmentSettings
    document: Document

    @property
    def resources(self) -> Mapping[str, Document]:
        """Terraform address to arguments, data sources included."""
        kinds = {**self.document["resource"], **{f"data.{kind}": v for kind, v in self.document["data"].items()}}
        return {f"{kind}.{name}": value for kind, named in kinds.items() for name, value in named.items()}

    @property
    def app(self) -> Document:
        found: Document = self.resources["azurerm_container_app.gateway"]
        return found

    @property
    def containers(self) -> list[Document]:
        found: list[Document] = self.app["template"]["container"]
        return found

    @cached_property
    def dependencies(self) -> Mapping[str, frozenset[str]]:
        """Address to everything that Terraform finishes before it; a cycle is an error."""
        direct = {address: set(_dependencies(resource)) for address, resource in self.resources.items()}
        found: dict[str, frozenset[str]] = {}
        for address in TopologicalSorter(direct).static_order():
            found[address] = frozenset(direct[address].union(*(found[before] for before in direct[address])))
        return found


def read_stack(*, folder: Path, settings: EnvironmentSettings) -> Stack:
    """The stack of these settings in an output folder."""
    return Stack(settings=settings, document=json.loads(stack_file(folder=folder, env=settings.env).read_bytes()))


def stack_file(*, folder: Path, env: str) -> Path:
    return folder / "stacks" / f"aigateway-{env}" / "cdk.tf.json"


def opens_template(text: str) -> bool:
    """Whether Terraform finds an expression or a directive in a text."""
    return _TEMPLATE.search(text) is not None


def strings(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def _dependencies(resource: Document) -> Iterator[str]:
    yield from resource.get("depends_on", [])
    for text in strings(resource):
        yield from _REFERENCE.findall(text)
