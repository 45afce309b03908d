"""What to do about a failure, by Azure's code or by words of its message.

https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors,
https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
"""

from __future__ import annotations

from scripts.cli.command_line import CommandError

_LOG_IN = "log in again: az logout, then az login --tenant TENANT; for Microsoft Graph add --scope \
https://graph.microsoft.com//.default"
_REASONS = {
    "AuthorizationFailed": "the role named in the message is missing, or is some minutes old only. Owner on the "
    "subscription is enough, unless a condition on it forbids to give roles that give roles. If you are eligible for "
    "it, activate it (Privileged Identity Management), then az login.",
    "InvalidAuthenticationToken": _LOG_IN,
    "ExpiredAuthenticationToken": _LOG_IN,
    "AADSTS": _LOG_IN,
    "az login": _LOG_IN,
    "RequestDisallowedByPolicy": "a policy of your organisation forbids this; the message names it. Ask for an "
    "exemption, or let its owner create the resource as the policy wants it.",
    "ScopeLocked": "somebody locked this resource: az lock list.",
    "MissingSubscriptionRegistration": "register the resource provider that the message names: az provider register "
    "--wait --namespace NAME",
    "PrincipalNotFound": "the new identity is not known everywhere yet: wait a minute and run the same command again.",
    "Directory permission is needed": "ask for the Entra role Application Developer, or let somebody who has it run "
    "`scripts/bootstrap.py identities`.",
    "Authorization_RequestDenied": "ask for the Entra role Application Developer; what somebody else registered, its "
    "owner or an Application Administrator can change.",
    "Insufficient privileges": "ask for the Entra role Application Developer; what somebody else registered, its owner "
    "or an Application Administrator can change.",
    "TooManyRequests": "Azure wants a pause: wait a minute and run the same command again.",
    "Connection": "check the network and the proxy, then run the same command again.",
    "unrecognized arguments": "this az is too old: az upgrade",
    "is misspelled or not recognized": "this az is too old: az upgrade",
    "HTTP 401": "log in: gh auth login",
    "gh auth login": "log in: gh auth login",
    "HTTP 403": "this takes an administrator of the repository; with a token of its own, `repo` and `workflow` scopes.",
    "HTTP 404": "check the name of the repository, and that your login (gh auth status) administers it.",
}
_OTHERWISE = "mend what the message says, then run the same command again."


def advice(failure: CommandError) -> str:
    """The one for its reason, else the one for the first words that are in its message."""
    by_words = (text for words, text in _REASONS.items() if words in failure.message)
    return _REASONS.get(failure.reason) or next(by_words, _OTHERWISE)
