"""What Container Apps answers in the gateway's place, or somebody else.

https://github.com/microsoft/azure-container-apps/issues: 755 (a 403 page without an active revision), 1714 (the 404
page), 835 (an address that is not on the allowlist), 295 (503 without a replica that listens).
"""

from __future__ import annotations

import re

from scripts.smoke_test.diagnosis import HOST, LOOK_AT_APP, Layer
from scripts.smoke_test.exchange import Answer

STOPPED = re.compile(r"container app.{0,40}(stopped|does not exist|unavailable)", re.IGNORECASE | re.DOTALL)
KEPT_OUT = "The ingress of the container app lets this machine's address not in."
_NOT_ALLOWED = re.compile(r"^RBAC: access denied", re.IGNORECASE)


def of_platform(answer: Answer) -> tuple[Layer, str, tuple[str, ...]]:
    """Layer, meaning and what to look at, of an answer that is neither the gateway's nor Azure's."""
    if answer.status == 403 and _NOT_ALLOWED.search(answer.text):
        allow = "`[ingress] ip_allowlist` of the settings of {env}: this machine's public address is not in it"
        return "ingress", KEPT_OUT, (allow,)
    if answer.status in (403, 404) and STOPPED.search(answer.text):
        look = (*LOOK_AT_APP, "`[ingress] external` of the settings of {env}", HOST)
        return "ingress", "Container Apps has no running app of this name: stopped, deleted, or not external.", look
    if answer.status in (502, 503, 504):
        return "ingress", "There is an ingress, and behind it no gateway that answers: {said}", LOOK_AT_APP
    if 300 <= answer.status < 400:
        where = "the base URL: https, not http, and no path but /v1"
        return "ingress", "The address leads elsewhere, and a key is not sent after it.", (where,)
    meaning = "Whoever answers {base_url} with {status} is not this gateway: {said}"
    return "gateway", meaning, (HOST, "a proxy or a login page before it")
