"""`az cognitiveservices`, and what `az rest` asks of the same provider.

Shapes as az 2.91 prints them: https://learn.microsoft.com/rest/api/aiservices/accountmanagement.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command, missing

PROVIDER = "Microsoft.CognitiveServices"
USAGE = "OpenAI.{sku}.{model}"


def model(
    name: str,
    version: str,
    *,
    skus: tuple[str, ...] = ("GlobalStandard",),
    retires: str | None = "2028-02-09T00:00:00Z",
    sku_retires: str | None = None,
    lifecycle: str = "GenerallyAvailable",
    capacity: Json | None = None,
    kinds: tuple[str, ...] = ("AIServices", "OpenAI"),
) -> Json:
    """One of a region, for a test's state."""
    return {
        "name": name,
        "version": version,
        "format": "OpenAI",
        "kinds": kinds,
        "lifecycleStatus": lifecycle,
        "deprecation": {"fineTune": None, "inference": retires},
        "skus": [
            {
                "name": sku,
                "usageName": USAGE.format(sku=sku, model=name),
                "capacity": capacity or {"minimum": None, "maximum": 30_000, "step": None, "default": 10},
                "deprecationDate": sku_retires or retires,
            }
            for sku in skus
        ],
    }


def region(*models: Json, limit: int = 1000, used: int = 0) -> Json:
    """One for a test's state, with the same quota for each model and SKU."""
    usages = {sku["usageName"]: {"limit": limit, "used": used} for each in models for sku in each["skus"]}
    return {"models": list(models), "usages": usages}


@command("cognitiveservices model list")
def model_list(azure: Azure, *, location: str) -> list[Json]:
    """Each once for every kind of account that offers it."""
    models = _region(azure, location)["models"]
    return [
        {"kind": kind, "skuName": "S0", "model": {name: value for name, value in each.items() if name != "kinds"}}
        for each in models
        for kind in each["kinds"]
    ]


@command("cognitiveservices usage list")
def usage_list(azure: Azure, *, location: str) -> list[Json]:
    """The subscription's quotas there; the first is of accounts."""
    usages = {"AccountCount": {"limit": 200, "used": 3}, **_region(azure, location)["usages"]}
    return [
        {
            "name": {"value": name, "localizedValue": f"Tokens Per Minute (thousands) - {name}"},
            "currentValue": float(usage["used"]),
            "limit": float(usage["limit"]),
            "unit": "Count",
            **({"scopeType": usage["scope"], "scopeId": None} if "scope" in usage else {}),
        }
        for name, usage in usages.items()
    ]


@command("cognitiveservices account show")
def account_show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """It, or 404."""
    return _shown(azure, _account(azure, name, resource_group))


@command("cognitiveservices account list")
def account_list(azure: Azure) -> list[Json]:
    """All of the subscription."""
    return [_shown(azure, account) for account in azure["ai_accounts"]]


@command("cognitiveservices account list-deleted")
def account_list_deleted(azure: Azure) -> list[Json]:
    """Those of the last 48 hours."""
    return [
        {
            "id": f"{azure.scope}/providers/{PROVIDER}/locations/{account['location']}/resourceGroups/"
            f"{account['resourceGroup']}/deletedAccounts/{account['name']}",
            "name": account["name"],
            "location": account["location"],
            "properties": {"deletionDate": "2026-11-30T10:00:00Z", "scheduledPurgeDate": "2026-12-02T10:00:00Z"},
        }
        for account in azure["ai_deleted"]
    ]


@command("cognitiveservices account purge", changes=True)
def account_purge(azure: Azure, *, name: str, resource_group: str, location: str) -> None:
    """Free the name."""
    kept = [each for each in azure["ai_deleted"] if (each["name"], each["resourceGroup"]) != (name, resource_group)]
    if len(kept) == len(azure["ai_deleted"]):
        raise missing("ResourceNotFound", f"No deleted account {name} in {location}.")
    azure.data["ai_deleted"] = kept


@command("cognitiveservices account deployment list")
def deployment_list(azure: Azure, *, name: str, resource_group: str) -> list[Json]:
    """Those of an account."""
    return [
        {
            "name": each["name"],
            "sku": {"name": each["sku"], "capacity": each["capacity"]},
            "properties": {"model": {"format": "OpenAI", "name": each["model"], "version": each["version"]}},
        }
        for each in _account(azure, name, resource_group)["deployments"]
    ]


@command("rest --method post")
def check_domain(azure: Azure, *, url: str, body: str) -> Json:
    """Whether nobody in the world has the subdomain."""
    if f"providers/{PROVIDER}/checkDomainAvailability?api-version=" not in url:
        raise AzError("", f"Not Found({url})")
    azure.require(f"{PROVIDER}/checkDomainAvailability/action", azure.scope)
    name = json.loads(body)["subdomainName"]
    taken = name in {*azure["ai_taken"], *(account["name"] for account in azure["ai_accounts"])}
    reason = f"Sub domain name '{name}' is already used." if taken else None
    return {"isSubdomainAvailable": not taken, "reason": reason, "subdomainName": name}


def model_capacities(azure: Azure, url: str) -> Json:
    """What `az rest` shows of every region for one model."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return {
        "value": [
            {
                "location": location,
                "properties": {
                    "model": {"format": "OpenAI", "name": each["name"], "version": each["version"]},
                    "skuName": sku["name"],
                    "availableCapacity": found["usages"][sku["usageName"]]["limit"]
                    - found["usages"][sku["usageName"]]["used"],
                },
            }
            for location, found in azure["ai_regions"].items()
            for each in found["models"]
            if (each["name"], each["version"]) == (asked["modelName"], asked["modelVersion"])
            for sku in each["skus"]
        ]
    }


def _region(azure: Azure, location: str) -> Json:
    if azure.providers[PROVIDER] != "Registered":
        raise AzError("MissingSubscriptionRegistration", f"The subscription is not registered to use {PROVIDER}.")
    found: Json = azure["ai_regions"].get(location, {"models": [], "usages": {}})
    return found


def _account(azure: Azure, name: str, resource_group: str) -> Json:
    for account in azure["ai_accounts"]:
        if (account["name"], account["resourceGroup"]) == (name, resource_group):
            found: Json = account
            return found
    raise missing(
        "ResourceNotFound",
        f"The Resource '{PROVIDER}/accounts/{name}' under resource group '{resource_group}' was not found.",
    )


def _shown(azure: Azure, account: Json) -> Json:
    name, group = account["name"], account["resourceGroup"]
    return {
        "id": f"{azure.scope}/resourceGroups/{group}/providers/{PROVIDER}/accounts/{name}",
        "name": name,
        "resourceGroup": group,
        "location": account["location"],
        "kind": "AIServices",
        "properties": {
            "customSubDomainName": name,
            "endpoint": f"https://{name}.cognitiveservices.azure.com/",
        },
    }
