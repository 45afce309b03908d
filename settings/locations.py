"""Azure's regions: which run Container Apps, and how their names are customarily shortened. Nothing is asked of Azure.

Regions: https://learn.microsoft.com/azure/reliability/regions-list, Azure's public cloud, 2026-12-01. Container Apps:
`az provider show --namespace Microsoft.App`, as in https://github.com/Azure/azure-cli-extensions/issues/8163, and the
regions that Azure reserves for the recovery of a neighbour, which have none. Short names: Azure's own geo codes
(https://learn.microsoft.com/azure/backup/scripts/geo-code-list), and others that are in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """`container_apps` is None where the sources do not tell: nothing is assumed then."""

    short: tuple[str, ...]
    container_apps: bool | None = True


_NONE, _UNKNOWN = False, None

REGIONS: Mapping[str, Region] = {
    "australiacentral": Region(("acl", "auc"), _UNKNOWN),
    "australiacentral2": Region(("acl2", "auc2"), _NONE),
    "australiaeast": Region(("ae", "aue")),
    "australiasoutheast": Region(("ase", "ause"), _UNKNOWN),
    "austriaeast": Region(("ate",), _UNKNOWN),
    "belgiumcentral": Region(("bec",), _UNKNOWN),
    "brazilsouth": Region(("brs",)),
    "brazilsoutheast": Region(("bse", "brse"), _NONE),
    "canadacentral": Region(("cnc", "cac")),
    "canadaeast": Region(("cne", "cae")),
    "centralindia": Region(("inc", "cin")),
    "centralus": Region(("cus",)),
    "chilecentral": Region(("clc",), _UNKNOWN),
    "denmarkeast": Region(("dke",), _UNKNOWN),
    "eastasia": Region(("ea", "eas")),
    "eastus": Region(("eus", "use")),
    "eastus2": Region(("eus2", "use2")),
    "francecentral": Region(("frc", "fce")),
    "francesouth": Region(("frs",), _NONE),
    "germanynorth": Region(("gn", "gno"), _NONE),
    "germanywestcentral": Region(("gwc",)),
    "indonesiacentral": Region(("idc",), _UNKNOWN),
    "israelcentral": Region(("ilc",), _UNKNOWN),
    "italynorth": Region(("itn",)),
    "japaneast": Region(("jpe", "jae")),
    "japanwest": Region(("jpw", "jaw"), _UNKNOWN),
    "jioindiacentral": Region(("jic",), _NONE),
    "jioindiawest": Region(("jiw",), _NONE),
    "koreacentral": Region(("krc",)),
    "koreasouth": Region(("krs",), _NONE),
    "malaysiawest": Region(("myw",), _UNKNOWN),
    "mexicocentral": Region(("mxc",), _UNKNOWN),
    "newzealandnorth": Region(("nzn",), _UNKNOWN),
    "northcentralus": Region(("ncus", "usnc")),
    "northeurope": Region(("ne", "neu")),
    "norwayeast": Region(("nwe", "noe")),
    "norwaywest": Region(("nww", "now"), _NONE),
    "polandcentral": Region(("plc", "polc")),
    "qatarcentral": Region(("qac",), _UNKNOWN),
    "southafricanorth": Region(("san", "zan")),
    "southafricawest": Region(("saw", "zaw"), _NONE),
    "southcentralus": Region(("scus", "ussc")),
    "southeastasia": Region(("sea",)),
    "southindia": Region(("ins", "sin")),
    "spaincentral": Region(("spc", "esc"), _UNKNOWN),
    "swedencentral": Region(("swc", "sdc", "sec")),
    "swedensouth": Region(("sds", "sws"), _NONE),
    "switzerlandnorth": Region(("szn", "chn")),
    "switzerlandwest": Region(("szw", "chw"), _UNKNOWN),
    "uaecentral": Region(("uac", "uaec"), _NONE),
    "uaenorth": Region(("uan", "uaen")),
    "uksouth": Region(("uks",)),
    "ukwest": Region(("ukw",)),
    "westcentralus": Region(("wcus", "uswc")),
    "westeurope": Region(("we", "weu")),
    "westindia": Region(("inw", "win"), _NONE),
    "westus": Region(("wus", "usw")),
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


def check_short(short: str, *, location: str) -> str | None:
    """Why it would mislead as the short name of this region: it is customary for others only. Any other name may be."""
    owners = [name for name, region in REGIONS.items() if short in region.short]
    if not owners or location in owners:
        return None
    known = REGIONS.get(location)
    like = f", like {known.short[0]}" if known else ""
    return f"must be a short name of {location}{like}: {short} is that of {', '.join(owners)}"
