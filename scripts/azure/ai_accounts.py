"""The Azure AI accounts behind a gateway: names that must be free, and what is deployed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.cli.command_line import CommandLine

Json = Mapping[str, Any]

_CHECK_NAME = "providers/Microsoft.CognitiveServices/checkDomainAvailability?api-version=2024-10-01"


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account that the stack makes, or has made."""

    name: str
    resource_group: str
    location: str


def find_deployments(az: CommandLine, account: Account) -> list[Json] | None:
    """The deployments of the account; None if it does not exist."""
    words = ("--name", account.name, "--resource-group", account.resource_group)
    if az.find("cognitiveservices", "account", "show", *words) is None:
        return None
    found: list[Json] = az.query("cognitiveservices", "account", "deployment", "list", *words)
    return found


def find_deleted(az: CommandLine) -> list[Json]:
    """The accounts that were deleted in the last 48 hours and keep their names."""
    deleted: list[Json] = az.query("cognitiveservices", "account", "list-deleted")
    return deleted


def why_not_free(az: CommandLine, account: Account, *, subscription_id: str, deleted: Sequence[Json]) -> str | None:
    """Why the account cannot get its name, and what to do; None if it can.

    Names are unique in the world, because they are subdomains; a deleted account keeps its name for 48 hours.

    Raises:
        CommandError: the caller may not ask.
    """
    for each in deleted:
        if str(each["name"]).lower() == account.name.lower():
            return _deleted_text(each)
    url = f"https://management.azure.com/subscriptions/{subscription_id}/{_CHECK_NAME}"
    body = json.dumps({"subdomainName": account.name, "type": "Microsoft.CognitiveServices/accounts"})
    answer = az.query("rest", "--method", "post", "--url", url, "--body", body)
    if answer["isSubdomainAvailable"]:
        return None
    reason = f": {answer['reason']}" if answer.get("reason") else ""
    return f"The name {account.name} is not free{reason}. Choose another `projname`, or another `location_short`."


def _deleted_text(account: Json) -> str:
    found = re.search(r"/resourceGroups/([^/]+)/", account["id"], re.IGNORECASE)
    words = ["--name", account["name"], "--resource-group", found[1] if found else "GROUP"]
    purge = ["az", "cognitiveservices", "account", "purge", *words, "--location", account["location"]]
    return (
        f"{account['name']} was deleted and keeps its name for 48 hours. Wait, or remove it for good:\n"
        f"  {shlex.join(purge)}"
    )


def find_account_id(az: CommandLine, endpoint: str) -> str | None:
    """The id of the account with this endpoint, if it is in the subscription.

    By its subdomain: at an endpoint without one of its own an account takes no tokens.
    """
    subdomain = endpoint.removeprefix("https://").partition(".")[0]
    for account in az.query("cognitiveservices", "account", "list"):
        if (account["properties"].get("customSubDomainName") or "").lower() == subdomain:
            return str(account["id"])
    return None
