"""A command finds the advice for what az, gh or Terraform printed."""

import string
from typing import Literal

import pytest

from scripts.advice.entries import SECTIONS, Entry, entries, entry, for_command, for_terraform
from scripts.cli.command_line import CommandLine
from scripts.terraform.errors import explain

ENTRIES = entries(*SECTIONS)
AZ, GH = "az", "gh"
DENIED = 'Forbidden({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete"}})'
FEDERATED = "AADSTS700213: No matching federated identity record found for presented assertion subject"
NO_AZ = 'could not parse Azure CLI version: launching Azure CLI: exec: "az": executable file not found in $PATH'
ACCOUNT = "/subscriptions/x/resourceGroups/x/providers/Microsoft.CognitiveServices/accounts/x"
MODEL = "Format:OpenAI,Name:gpt-5.3-codex,Version:2026-02-24"
TOKENS = "Tokens Per Minute (thousands) - gpt-5.3-codex"
GROUP = r"Resource Group (Subscription: \"x\"\nResource Group Name: \"pvc-dev-aigateway-rg-san\")"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
NO_SUBNET = "The environment network configuration is invalid: The subnet and its addressPrefix could not be found."
NO_HOST = "dial tcp: lookup pvcdevaigatewaystsan.blob.core.windows.net on 127.0.0.1:53: no such host"


@pytest.mark.parametrize(
    ("program", "printed", "advice"),
    [
        (AZ, "(AuthorizationFailed) The client 'x' does not have authorization", "authorization-failed"),
        (AZ, "(InvalidAuthenticationToken) The access token is invalid.", "not-signed-in"),
        (AZ, "(ExpiredAuthenticationToken) The access token expiry UTC time", "not-signed-in"),
        (AZ, "AADSTS70043: The refresh token has expired", "not-signed-in"),
        (AZ, "Please run 'az login' to setup account.", "not-signed-in"),
        (AZ, "(RequestDisallowedByPolicy) Resource 'x' was disallowed by policy.", "forbidden-by-policy"),
        (AZ, "(ScopeLocked) The scope cannot perform write operation", "locked"),
        (
            AZ,
            "(RoleDefinitionWithSameNameExists) A custom role with the same name already exists",
            "custom-role-elsewhere",
        ),
        (AZ, "(MissingSubscriptionRegistration) not registered to use namespace", "provider-not-registered"),
        (AZ, "(PrincipalNotFound) Principal x does not exist in the directory", "principal-not-found"),
        (AZ, "Directory permission is needed for the current user", "directory-role"),
        (AZ, DENIED, "directory-role"),
        (AZ, "Insufficient privileges to complete the operation.", "directory-role"),
        (AZ, "(TooManyRequests) The request is being throttled.", "throttled"),
        (AZ, "(StorageAccountAlreadyTaken) The storage account named x is already taken.", "storage-account-taken"),
        (AZ, "HTTPSConnectionPool(host='management.azure.com'): Connection refused", "network"),
        (AZ, "unrecognized arguments: --x", "az-outdated"),
        (AZ, "'federated-credential' is misspelled or not recognized by the system.", "az-outdated"),
        (GH, "gh: Bad credentials (HTTP 401)", "gh-not-signed-in"),
        (GH, "To get started with GitHub CLI, please run:  gh auth login", "gh-not-signed-in"),
        (GH, "gh: Must have admin rights to Repository. (HTTP 403)", "gh-forbidden"),
        (GH, "gh: Not Found (HTTP 404)", "gh-not-found"),
        (AZ, "(SomethingNew) Nobody has seen this.", None),
    ],
)
def test_a_failure_of_az_or_gh(program: Literal["az", "gh"], printed: str, advice: str | None) -> None:
    failure = CommandLine(program)._failure(("group", "create"), f"ERROR: {printed}")
    found = for_command(f"{failure.reason}\n{failure.message}")
    assert (found.id if found else None) == advice


# As Terraform 1.15 and azurerm 4 print them, or from their issues.
@pytest.mark.parametrize(
    ("printed", "advice"),
    [
        ("Error acquiring the state lock", "state-locked"),
        (f"unable to build authorizer: could not configure AzureCli Authorizer: {NO_AZ}", "not-signed-in"),
        ("running Azure CLI: exit status 1: ERROR: Please run 'az login' to setup account.", "not-signed-in"),
        (f"clientCredentialsToken: received HTTP status 401 with response: {FEDERATED}", "no-federated-credential"),
        ("AADSTS700016: Application with identifier 'x' was not found in the directory", "unknown-application"),
        ("`subscription_id` is a required provider property when performing a plan/apply", "no-subscription"),
        (f'Get "https://pvcdevaigatewaystsan.blob.core.windows.net/tfstate?comp=list": {NO_HOST}', "no-state-storage"),
        ("Failed to get existing workspaces: unexpected status 404 with ContainerNotFound", "no-state-storage"),
        ("listing blobs: unexpected status 403 with AuthorizationPermissionMismatch", "state-not-readable"),
        ("Failed to get existing workspaces: listing blobs: unexpected status 403", "state-not-readable"),
        ('setting Secret: unexpected status 403: InnerError={"code":"ForbiddenByRbac"}', "vault-refuses"),
        ("unexpected status 403: AuthorizationFailed: The client 'x' does not", "authorization-failed"),
        (f"LinkedAuthorizationFailed: it does not have permission to perform '{JOIN}'", "linked-authorization-failed"),
        (f"ManagedEnvironmentInvalidNetworkConfiguration: {NO_SUBNET}", "subnet-refused"),
        ("ManagedEnvironmentResourceGroupDisallowedByPolicy: Fail to create", "network-group-forbidden"),
        ("no authorization to perform action 'Microsoft.App/register/action'", "provider-not-registered"),
        ("polling after CreateOrUpdate: Failed to provision revision for container app", "revision-failed"),
        ("Failed to query available provider packages", "no-provider"),
        ("Backend configuration changed", "backend-changed"),
        ("No value for required variable", "no-variable"),
        ('A resource with the ID "/subscriptions/x" already exists', "resource-exists"),
        ("VaultAlreadyExists: The name 'x' is already in use.", "vault-exists"),
        ("ConflictError: A vault with the same name already exists in deleted state.", "vault-exists"),
        (f'"{GROUP}" was not found', "no-resource-group"),
        ("listing deleted Log Analytics Workspaces: unexpected status 403: AuthorizationFailed", "deleted-workspaces"),
        (f"InsufficientQuota: This operation require 100 new capacity in quota {TOKENS}", "no-quota"),
        (f"DeploymentModelNotSupported: The model '{MODEL}' of account deployment is not supported.", "no-model"),
        (f"InvalidResourceProperties: The specified SKU 'Standard' for model '{MODEL}' is not supported", "no-model"),
        ("SpecialFeatureOrQuotaIdRequired: The subscription does not have QuotaId/Feature", "no-azure-openai"),
        ("CustomDomainInUse: Please pick a different name.", "account-name-taken"),
        (f"FlagMustBeSetForRestore: An existing resource with ID '{ACCOUNT}' has been", "account-deleted"),
        ("MANIFEST_UNKNOWN: manifest unknown", "image-unknown"),
        ("GET https:: UNAUTHORIZED: authentication required, visit https://aka.ms/acr/authorization", "image-refused"),
        ("dial tcp: lookup management.azure.com: no such host", "network"),
        ("never seen", None),
    ],
)  # fmt: skip
def test_a_failure_of_terraform(printed: str, advice: str | None) -> None:
    found = for_terraform(printed)
    assert (found.id if found else None) == advice


def test_ids_are_unique() -> None:
    ids = [found.id for found in ENTRIES]
    assert len(ids) == len(set(ids))
    assert entry(ids[0]) is ENTRIES[0]


@pytest.mark.parametrize("found", ENTRIES, ids=lambda found: found.id)
def test_an_entry_says_something_and_names_a_layer_where_the_smoke_test_may_find_it(found: Entry) -> None:
    assert found.text
    assert not found.says or found.layer
    assert found.layer or found.section != "smoke_test"


@pytest.mark.parametrize("found", [found for found in ENTRIES if found.terraform], ids=lambda found: found.id)
def test_terraforms_advice_has_only_what_a_deployment_fills_in(found: Entry) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(found.text) if name}
    assert names <= {"env", "folder"}


@pytest.mark.parametrize("found", [found for found in ENTRIES if found.cli], ids=lambda found: found.id)
def test_the_bootstraps_advice_is_filled_in_already(found: Entry) -> None:
    assert "{" not in found.text


def test_advice_stands_above_terraforms_own_words() -> None:
    text = explain("aigateway-dev  Error: Backend configuration changed\n", env="dev", folder="/stack")
    advice, _, own = text.partition("\n\n")
    assert "remove /stack/.terraform" in advice
    assert own == "Error: Backend configuration changed"
