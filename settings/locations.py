"""Azure's regions: which run Container Apps, and how their names are customarily shortened. Nothing is asked of Azure.

Regions: https://learn.microsoft.com/azure/reliability/regions-list, Azure's public cloud, 2026-12-01. Container Apps:
`az provider show --namespace Microsoft.App`, as in https://github.com/Azure/azure-cli-extensions/issues/8163, and the
regions that Azure reserves for the recovery of a neighbour, which have none. Availability zones: the same list of
regions as of 2026-07-28, and `availabilityZoneMappings` of `az account list-locations` as of 2026-03-12 in
https://github.com/Azure/terraform-azurerm-avm-utl-regions, which agree. Short names: Azure's own geo codes
(https://learn.microsoft.com/azure/backup/scripts/geo-code-list), and others that are in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """`container_apps` is None where the sources do not tell: nothing is assumed then. `zones`: availability zones."""

    short: tuple[str, ...]
    container_apps: bool | None = True
    zones: bool = True


_NONE, _UNKNOWN = False, None

REGIONS: Mapping[str, Region] = {
    "australiacentral": Region(("acl", "auc"), _UNKNOWN, zones=False),
    "australiacentral2": Region(("acl2", "auc2"), _NONE, zones=False),
    "australiaeast": Region(("ae", "aue")),
    "australiasoutheast": Region(("ase", "ause"), _UNKNOWN, zones=False),
    "austriaeast": Region(("ate",), _UNKNOWN),
    "belgiumcentral": Region(("bec",), _UNKNOWN),
    "brazilsouth": Region(("brs",)),
    "brazilsoutheast": Region(("bse", "brse"), _NONE, zones=False),
    "canadacentral": Region(("cnc", "cac")),
    "canadaeast": Region(("cne", "cae"), zones=False),
    "centralindia": Region(("inc", "cin")),
    "centralus": Region(("cus",)),
    "chilecentral": Region(("clc",), _UNKNOWN),
    "denmarkeast": Region(("dke",), _UNKNOWN),
    "eastasia": Region(("ea", "eas")),
    "eastus": Region(("eus", "use")),
    "eastus2": Region(("eus2", "use2")),
    "francecentral": Region(("frc", "fce")),
    "francesouth": Region(("frs",), _NONE, zones=False),
    "germanynorth": Region(("gn", "gno"), _NONE, zones=False),
    "germanywestcentral": Region(("gwc",)),
    "indonesiacentral": Region(("idc",), _UNKNOWN),
    "israelcentral": Region(("ilc",), _UNKNOWN),
    "italynorth": Region(("itn",)),
    "japaneast": Region(("jpe", "jae")),
    "japanwest": Region(("jpw", "jaw"), _UNKNOWN),
    "jioindiacentral": Region(("jic",), _NONE, zones=False),
    "jioindiawest": Region(("jiw",), _NONE, zones=False),
    "koreacentral": Region(("krc",)),
    "koreasouth": Region(("krs",), _NONE, zones=False),
    "malaysiawest": Region(("myw",), _UNKNOWN),
    "mexicocentral": Region(("mxc",), _UNKNOWN),
    "newzealandnorth": Region(("nzn",), _UNKNOWN),
    "northcentralus": Region(("ncus", "usnc"), zones=False),
    "northeurope": Region(("ne", "neu")),
    "norwayeast": Region(("nwe", "noe")),
    "norwaywest": Region(("nww", "now"), _NONE, zones=False),
    "polandcentral": Region(("plc", "polc")),
    "qatarcentral": Region(("qac",), _UNKNOWN),
    "southafricanorth": Region(("san", "zan")),
    "southafricawest": Region(("saw", "zaw"), _NONE, zones=False),
    "southcentralus": Region(("scus", "ussc")),
    "southeastasia": Region(("sea",)),
    "southindia": Region(("ins", "sin"), zones=False),
    "spaincentral": Region(("spc", "esc"), _UNKNOWN),
    "swedencentral": Region(("swc", "sdc", "sec")),
    "swedensouth": Region(("sds", "sws"), _NONE, zones=False),
    "switzerlandnorth": Region(("szn", "chn")),
    "switzerlandwest": Region(("szw", "chw"), _UNKNOWN, zones=False),
    "uaecentral": Region(("uac", "uaec"), _NONE, zones=False),
    "uaenorth": Region(("uan", "uaen")),
    "uksouth": Region(("uks",)),
    "ukwest": Region(("ukw",), zones=False),
    "westcentralus": Region(("wcus", "uswc"), zones=False),
    "westeurope": Region(("we", "weu")),
    "westindia": Region(("inw", "win"), _NONE, zones=False),
    "westus": Region(("wus", "usw"), zones=False),
    "westus2": Region(("wus2", "usw2")),
    "westus3": Region(("wus3", "usw3")),
}
UNLISTED = "If Azure has it by now, set allow_unlisted_location = true"


def check_location(location: str, *, container_apps: bool) -> str | None:
    """Why it cannot be made there, as far as the table knows; `container_apps`: whether it is the gateway."""
    region = REGIONS.get(location)
    if region is None:
        return f"must be an Azure region as in `az account list-locations`, like southafricanorth. {UNLISTED}"
    if container_apps and region.container_apps is False:
        return f"must be a region with Container Apps, which this one does not have. {UNLISTED}"
    return None


def check_zones(location: str) -> str | None:
    """Why nothing can be spread over availability zones there, as far as the table knows."""
    region = REGIONS.get(location)
    if region is None or region.zones:
        return None
    return f"must be false, or location a region with availability zones, which {location} does not have. {UNLISTED}"


def check_short(short: str, *, location: str) -> str | None:
    """Why it would mislead as the short name of this region: it is customary for others only. Any other name may be."""
    owners = [name for name, region in REGIONS.items() if short in region.short]
    if not owners or location in owners:
        return None
    known = REGIONS.get(location)
    like = f", like {known.short[0]}" if known else ""
    return f"must be a short name of {location}{like}: {short} is that of {', '.join(owners)}"
