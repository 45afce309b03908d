"""A resource that a plan creates, in one line: its name and what matters in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scripts.terraform.attribute_changes import AttributeChange, exact_text, public_values, shown

_MATTERS = (
    "location",
    "kind",
    "sku",
    "sku_name",
    "sku.name",
    "sku.capacity",
    "model.name",
    "model.version",
    "role_definition_name",
    "role_definition_id",
    "scope",
    "infrastructure_subnet_id",
    "zone_redundancy_enabled",
    "public_network_access_enabled",
    "ingress.external_enabled",
    "ingress.ip_security_restriction",
    "template.min_replicas",
    "template.max_replicas",
    "template.container",
    "retention_in_days",
    "daily_quota_gb",
    "soft_delete_retention_days",
    "purge_protection_enabled",
    "severity",
    "evaluation_frequency",
    "frequency",
    "amount",
    "lock_level",
)
"""Attributes by their paths, in the order in which they are shown; in a list with several elements, of each."""
_OF_AN_ELEMENT = ("image", "ip_address_range", "name")
"""What a list of blocks is shown as."""


def created(change: Mapping[str, object]) -> tuple[AttributeChange, ...]:
    """One description; none if the plan knows nothing about the resource."""
    _, after = public_values(change)
    description = ", ".join(_parts(after))
    return (AttributeChange("", description, exact_text(after)),) if description else ()


def name_of(attributes: object) -> str:
    """How Azure calls a resource, or an empty text."""
    name = attributes.get("name") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) else ""


def _parts(after: object) -> Iterator[str]:
    if name := name_of(after):
        yield name
    for path in _MATTERS:
        value = _find(after, path.split("."))
        if isinstance(value, list):
            value = " ".join(dict.fromkeys(_element(element) for element in value))
        if value not in (None, ""):
            yield f"{path.removeprefix('template.')} {value if isinstance(value, str) else shown(value)}"


def _find(value: object, path: list[str]) -> object:
    """Terraform has a block as a list of one."""
    for step in path:
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _element(value: object) -> str:
    found = (value.get(key) for key in _OF_AN_ELEMENT) if isinstance(value, dict) else iter([value])
    return str(next((part for part in found if part is not None), value))
