"""What to do when Terraform fails, by what it says; its own words stay below."""

from __future__ import annotations

import re

MOST_LINES = 40
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ERROR = re.compile(r"^(?:\S+  )?\W*Error: ")
_PREFIX = re.compile(r"^(?:aigateway-\S+ )? *")
_CLI = re.compile(r"^(?:\d+ Stacks? deploying\b.*|\S  Processing|non-zero exit code \d+|Invoking Terraform CLI .*)$")

# The first that fits is the reason.
_REASONS = {
    r"Error acquiring the state lock": (
        "The state is locked: another deployment of this environment is at work, or one was killed. Wait for it; only "
        "if nobody deploys, free the lock: terraform -chdir={folder} force-unlock ID"
    ),
    r"Backend configuration changed|Backend initialization required": (
        "The folder remembers another place of the state. If the state was moved there, or there is none yet, remove "
        "{folder}/.terraform and run the same command again."
    ),
    r"AADSTS7002\d+": (
        "Entra ID does not take this workflow's token: its subject fits no federated credential. Run "
        "`python3 scripts/bootstrap.py identities`; it reads the subject's form from GitHub."
    ),
    r"az login|exec: \"az\"|AADSTS\d+|could not configure AzureCli Authorizer": (
        "Nobody is logged in to Azure: `az login`, and `az account set --subscription ...` for the right subscription. "
        "In a workflow: ARM_CLIENT_ID, ARM_TENANT_ID, ARM_SUBSCRIPTION_ID, ARM_USE_OIDC."
    ),
    r"subscription_id. is a required provider property|subscription ID could not be determined": (
        "Which subscription? export ARM_SUBSCRIPTION_ID=$(az account show --query id --output tsv)"
    ),
    r"\.blob\.core\.windows\.net\S* .*no such host|ContainerNotFound|ResourceGroupNotFound.*[Ss]torage|"
    r"retrieving Storage Account .*404": (
        "The place of the state does not exist (yet), or was renamed in the settings: `python3 scripts/bootstrap.py "
        "state --env {env}` makes it."
    ),
    r"AuthorizationPermissionMismatch|AuthorizationFailure|Failed to get existing workspaces.*403|"
    r"retrieving Storage Account .*403": (
        "The state may not be read. Who deploys needs Storage Blob Data Contributor on the state account, who plans "
        "Storage Blob Data Reader; a new role takes some minutes. `python3 scripts/bootstrap.py` gives both."
    ),
    r"ForbiddenByRbac": (
        "The Key Vault refuses: a role is not in effect yet. Nothing is lost; run the same command again in some "
        "minutes. If it stays, the role is missing: see docs/decisions/0004-waiting-for-roles.md."
    ),
    r"MissingSubscriptionRegistration|register/action": (
        "The subscription does not know a service that the stack uses, and this identity may not register it: "
        "`python3 scripts/bootstrap.py preflight`."
    ),
    r"AuthorizationFailed": (
        "This identity lacks the right that stands below; a new role takes some minutes. `python3 scripts/bootstrap.py "
        "identities` gives what is needed."
    ),
    r"Failed to provision revision|ContainerAppOperationError": (
        "The new revision did not start; the one before goes on answering. Its log tells why: `az containerapp logs "
        "show`. Back to the one before for good: python3 scripts/rollback.py --env {env}"
    ),
    r"Failed to query available provider packages|Failed to install provider": (
        "The provider cannot be downloaded: check the network, or name a mirror in TF_CLI_CONFIG_FILE."
    ),
    r"no such host|connection refused|i/o timeout|TLS handshake": "A service cannot be reached: check the network.",
}


def explained(output: str, *, env: str, folder: object) -> str:
    """What failed: what it means if that is known, and Terraform's own words."""
    own = own_words(output)
    meaning = next((text for pattern, text in _REASONS.items() if re.search(pattern, _unfolded(own))), "")
    return "\n\n".join(filter(None, [meaning.format(env=env, folder=folder), own]))


def lacks_state(output: str) -> bool:
    """Whether there is none, and who plans may not begin one: a plan of ours takes no lock for anything else."""
    return bool(re.search(r"failed to lock azure state: .*\b403\b", _unfolded(own_words(output))))


def own_words(output: str) -> str:
    """From the first error on, without what the cdktf CLI draws around it."""
    lines = [line.rstrip() for line in _ANSI.sub("", output).replace("\r", "").splitlines()]
    start = next((number for number, line in enumerate(lines) if _ERROR.match(line)), max(0, len(lines) - MOST_LINES))
    kept = [_PREFIX.sub("", line) if line.startswith(("aigateway-", " ")) else line for line in lines[start:]]
    kept = [line for line in kept if not _CLI.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept[:MOST_LINES])).strip()


def _unfolded(text: str) -> str:
    """Without the line breaks of a screen's width."""
    return " ".join(text.split())
