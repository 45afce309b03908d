"""Whether a Container Apps environment can lie in the subnet of `[network]`: Azure tells only when it makes it.

Source: https://learn.microsoft.com/azure/container-apps/custom-virtual-networks (Subnet, workload profiles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
from settings.environment import EnvironmentSettings
from settings.resource_ids import group_of, name_of, subscription_of

DELEGATION = "Microsoft.App/environments"
_LONGEST_PREFIX = 27


def check_subnet(
    az: CommandLine, progress: Progress, settings: EnvironmentSettings, *, subscription_id: str
) -> list[str]:
    """What its owner has to change; empty if there is nothing, no such setting, or it cannot be read."""
    subnet_id = settings.network.infrastructure_subnet_id
    if subnet_id is None:
        return []
    with progress.step("Subnet"):
        network_id, _, name = subnet_id.rpartition("/subnets/")
        network = name_of(network_id)
        if subscription_of(network_id) != subscription_id.lower():
            progress.note(f"{network} is in another subscription than the environment, and not checked.")
            return []
        try:
            words = ("--name", network, "--resource-group", group_of(network_id))
            found = az.find("network", "vnet", "show", *words)
        except CommandError:
            progress.note(f"this login may not read {network}; continuing.")
            return []
        problems = list(_problems(found, name, settings.location)) if found else ["does not exist."]
        if not problems:
            progress.ok(f"{name} in {network}")
    return [f"The subnet {name} in {network} {problem}" for problem in problems]


def _problems(network: Mapping[str, Any], name: str, location: str) -> Iterator[str]:
    if network["location"] != location:
        yield f"lies in {network['location']}, and the environment in {location}: both must be in one region."
    found = next((subnet for subnet in network["subnets"] if subnet["name"].lower() == name.lower()), None)
    if found is None:
        yield "does not exist."
        return
    prefixes = found.get("addressPrefixes") or [found["addressPrefix"]]
    if not any(ip_network(prefix).prefixlen <= _LONGEST_PREFIX for prefix in prefixes):
        yield f"is too small ({', '.join(prefixes)}): an environment needs /{_LONGEST_PREFIX} or larger."
    if DELEGATION.lower() not in {each["serviceName"].lower() for each in found.get("delegations") or ()}:
        group, vnet = group_of(network["id"]), network["name"]
        command = f"az network vnet subnet update --resource-group {group} --vnet-name {vnet} --name {found['name']}"
        yield f"is not delegated to {DELEGATION}. Its owner runs:\n  {command} --delegations {DELEGATION}"
