"""Whether regions offer models in a version and SKU, with enough quota for them.

Models: https://learn.microsoft.com/rest/api/aiservices/accountmanagement/models/list. Quota, per subscription, region,
model and SKU in thousands of tokens per minute: https://learn.microsoft.com/azure/foundry/openai/quotas-limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

Json = Mapping[str, Any]

KIND = "AIServices"
"""The kind of an owned account: other kinds offer other models."""
MORE_QUOTA = "https://aka.ms/oai/stuquotarequest"
_CAPACITIES = "providers/Microsoft.CognitiveServices/modelCapacities"
_SHARED = frozenset({"Global", "DataZone"})
"""Scopes of a quota that several regions share; otherwise, and where Azure names no scope, each region has its own."""
_SUGGESTIONS = 6


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A deployment of the settings."""

    upstream: str
    location: str
    name: str
    model: str
    version: str
    format: str
    sku: str
    capacity: int
    """Thousands of tokens per minute; of a provisioned SKU, units."""
    deployed: int
    """What the deployment of this name, model and SKU has in Azure already; 0 if there is none."""

    @property
    def needed(self) -> int:
        """What it takes of the free quota. Quota that a change sets free is not counted: nothing orders the two."""
        return max(0, self.capacity - self.deployed)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota of the subscription, which one or more deployments share."""

    name: str
    scope: str
    """A region, or what several regions share."""
    limit: int
    free: int


@dataclass(kw_only=True)
class Finding:
    """What Azure says of one deployment."""

    wanted: Wanted
    quota: Quota | None = None
    """None if the deployment is not offered, or Azure lists no quota for it."""
    retires: date | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Region:
    """What Azure offers in a region, and the subscription's quota there."""

    location: str
    models: Sequence[Json]
    usages: Mapping[str, Json]

    @classmethod
    def read(cls, az: CommandLine, location: str) -> Region:
        """Ask Azure."""
        models = az.query("cognitiveservices", "model", "list", "--location", location)
        usages = az.query("cognitiveservices", "usage", "list", "--location", location)
        return cls(
            location=location,
            models=[each["model"] for each in models if each["kind"] == KIND],
            usages={usage["name"]["value"]: usage for usage in usages},
        )

    def quota(self, name: str) -> Quota | None:
        """The quota of this name; None if Azure lists none."""
        usage = self.usages.get(name)
        if usage is None:
            return None
        is_shared = usage.get("scopeType") in _SHARED
        scope = str(usage.get("scopeId") or usage["scopeType"]) if is_shared else self.location
        limit = int(usage["limit"] or 0)
        return Quota(name=name, scope=scope, limit=limit, free=limit - int(usage["currentValue"] or 0))


def check(
    az: CommandLine, wanted: Iterable[Wanted], regions: Mapping[str, Region], *, subscription_id: str, today: date
) -> list[Finding]:
    """A finding for each deployment; its problems say which regions have what this one lacks."""
    findings = [_find(each, regions[each.location], today=today) for each in wanted]
    needs: dict[tuple[str, str], int] = {}
    for finding in findings:
        if quota := finding.quota:
            pool = (quota.name, quota.scope)
            needs[pool] = needs.get(pool, 0) + finding.wanted.needed
    for finding in findings:
        quota, each = finding.quota, finding.wanted
        if quota and each.needed and (need := needs[quota.name, quota.scope]) > quota.free:
            finding.problems.append(
                f"its quota {quota.name} in {quota.scope} has {quota.free} of {quota.limit} free, and {need} more are "
                f"needed. Lower `capacity`, or ask for more quota ({MORE_QUOTA})."
            )
        if finding.problems:
            offers = _other_regions(az, each, subscription_id=subscription_id)
            finding.problems = [f"{each.upstream}, {each.name}: {problem}{offers}" for problem in finding.problems]
    return findings


def _find(wanted: Wanted, region: Region, *, today: date) -> Finding:
    """All but whether the quota suffices, which depends on other deployments."""
    finding = Finding(wanted=wanted)
    versions = {
        str(model["version"]): model
        for model in region.models
        if (model["format"], model["name"]) == (wanted.format, wanted.model)
    }
    if not versions:
        finding.problems.append(f"{region.location} does not offer {wanted.model}.")
    elif (model := versions.get(wanted.version)) is None:
        finding.problems.append(
            f"{region.location} offers {wanted.model} in version {_listed(versions)}, not {wanted.version}. Correct "
            "`version`."
        )
    else:
        skus = {str(sku["name"]): sku for sku in model.get("skus") or ()}
        if wanted.sku not in skus:
            finding.problems.append(
                f"{region.location} offers {wanted.model} {wanted.version} as {_listed(skus)}, not {wanted.sku}. "
                "Correct `sku`."
            )
        else:
            _check_sku(finding, model, skus[wanted.sku], region=region, today=today)
    return finding


def _check_sku(finding: Finding, model: Json, sku: Json, *, region: Region, today: date) -> None:
    wanted = finding.wanted
    finding.retires = _retires(model, sku)
    if finding.retires and finding.retires <= today:
        finding.problems.append(f"Azure retired {wanted.model} {wanted.version} on {finding.retires}.")
    elif model.get("lifecycleStatus") == "Deprecating" and not wanted.deployed:
        finding.problems.append(
            f"Azure makes no new deployments of {wanted.model} {wanted.version}, which retires on {finding.retires}."
        )
    if allowed := _refused_capacity(wanted.capacity, sku.get("capacity") or {}):
        finding.problems.append(f"`capacity` is {wanted.capacity} and must be {allowed}.")
    usage = sku.get("usageName")
    finding.quota = region.quota(usage) if usage else None
    if finding.quota is None:
        finding.notes.append(
            f"{wanted.upstream}, {wanted.name}: Azure lists no quota {usage or 'of this SKU'} in {region.location}; "
            "only the deployment shows whether there is enough."
        )


def _retires(model: Json, sku: Json) -> date | None:
    """The earlier of the dates of model and SKU."""
    texts = [(model.get("deprecation") or {}).get("inference"), sku.get("deprecationDate")]
    return min((date.fromisoformat(text[:10]) for text in texts if text), default=None)


def _refused_capacity(capacity: int, allowed: Json) -> str:
    """What the SKU allows instead; empty if it allows this capacity. Azure leaves out what does not apply."""
    if values := allowed.get("allowedValues"):
        return "" if capacity in values else f"one of {_listed(values)}"
    least, most, step = allowed.get("minimum") or 1, allowed.get("maximum"), allowed.get("step") or 1
    if least <= capacity <= (most or capacity) and capacity % step == 0:
        return ""
    bounds = f"between {least} and {most}" if most else f"at least {least}"
    return bounds + (f", a multiple of {step}" if step > 1 else "")


def _other_regions(az: CommandLine, wanted: Wanted, *, subscription_id: str) -> str:
    """The regions with enough capacity, as a sentence; empty if there are none or Azure does not tell.

    https://learn.microsoft.com/rest/api/aiservices/accountmanagement/model-capacities/list
    """
    query = {
        "api-version": "2024-10-01",
        "modelFormat": wanted.format,
        "modelName": wanted.model,
        "modelVersion": wanted.version,
    }
    url = f"https://management.azure.com/subscriptions/{subscription_id}/{_CAPACITIES}?{urlencode(query)}"
    try:
        listed = az.query("rest", "--method", "get", "--url", url)["value"]
    except ScriptError:
        return ""
    capacities = {
        str(each["location"]).replace(" ", "").lower(): int(each["properties"].get("availableCapacity") or 0)
        for each in listed
        if each["properties"]["skuName"] == wanted.sku
    }
    others = [
        f"{location} ({capacity})"
        for location, capacity in sorted(capacities.items(), key=lambda item: (-item[1], item[0]))
        if capacity >= wanted.capacity and location != wanted.location
    ]
    return f" Regions with that much free: {', '.join(others[:_SUGGESTIONS])}." if others else ""


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, names)))
