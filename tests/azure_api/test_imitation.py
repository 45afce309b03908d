"""The imitation refuses what Azure refuses: what the tests with the provider rely on, without the provider."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.azure_api.login import RESOURCE_MANAGER, STORAGE
from local.azure_api.proxy import Proxy
from local.azure_api.server import AzureAPI
from local.tokens import TENANT_ID
from scripts.bootstrapping.access import delegation_condition
from scripts.bootstrapping.custom_roles import JOINING
from tests.azure_api.caller import Caller

SUBSCRIPTION = "/subscriptions/11111111-2222-4333-8444-555555555555"
GROUP, OTHER_GROUP = f"{SUBSCRIPTION}/resourceGroups/ours", f"{SUBSCRIPTION}/resourceGroups/theirs"
PROVIDERS = f"{GROUP}/providers"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/our-vault"
IDENTITY = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/our-identity"
WORKSPACE = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/our-workspace"
ENVIRONMENT = f"{PROVIDERS}/Microsoft.App/managedEnvironments/our-environment"
APP = f"{PROVIDERS}/Microsoft.App/containerApps/our-app"
STATE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/ourstate"
SECRETS_USER, READER = "4633458b-17de-408a-b874-0445c86b69e6", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
VAULT_PROPERTIES = {"tenantId": TENANT_ID, "enableRbacAuthorization": True, "softDeleteRetentionInDays": 7}


class _InThisThread(httpx.BaseTransport):
    """Calls an ASGI app without a socket."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - of any framework
        self._transport = httpx.ASGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def handle() -> httpx.Response:
            same = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            response = await self._transport.handle_async_request(same)
            return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

        return asyncio.run(handle())


@pytest.fixture
def azure() -> AzureAPI:
    """With two resource groups, and a place for the state."""
    azure = AzureAPI()
    for id_ in (GROUP, OTHER_GROUP, STATE):
        azure.create(id_, location="westeurope")
    return azure


@pytest.fixture
def http(azure: AzureAPI) -> Iterator[httpx.Client]:
    with httpx.Client(transport=_InThisThread(azure.app())) as http:
        yield http


@pytest.fixture
def deployer(azure: AzureAPI, http: httpx.Client) -> Caller:
    """With the roles of a deploying identity on one group."""
    azure.identity("deployer")
    condition = delegation_condition([SECRETS_USER])
    for role in ("Contributor", "Key Vault Secrets Officer"):
        azure.assign("deployer", role, GROUP)
    azure.assign("deployer", "Role Based Access Control Administrator", GROUP, condition=condition)
    azure.assign("deployer", "Storage Blob Data Contributor", STATE)
    return Caller(http, "deployer")


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def create_vault(caller: Caller, **properties: object) -> httpx.Response:
    body = {"location": "westeurope", "properties": {**VAULT_PROPERTIES, **properties}}
    return caller.manage("PUT", VAULT, body)


def role_assignment(role: str, *, on: str, kind: str = "ServicePrincipal") -> tuple[str, dict[str, Any]]:
    definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    properties = {"roleDefinitionId": definition, "principalId": "somebody", "principalType": kind}
    return f"{on}/providers/Microsoft.Authorization/roleAssignments/one", {"properties": properties}


def test_a_right_on_one_group_is_none_on_another(deployer: Caller) -> None:
    assert create_vault(deployer).status_code == 201
    theirs = VAULT.replace(GROUP, OTHER_GROUP)
    for method, id_ in (("PUT", theirs), ("GET", theirs), ("GET", OTHER_GROUP), ("DELETE", OTHER_GROUP)):
        refused = deployer.manage(method, id_, {"location": "westeurope"} if method == "PUT" else None)
        assert (refused.status_code, code(refused)) == (403, "AuthorizationFailed")


@pytest.mark.parametrize(
    "path", ["providers", "providers/Microsoft.OperationalInsights/deletedWorkspaces"], ids=lambda path: path[-17:]
)
def test_a_right_on_one_group_is_none_on_the_subscription(deployer: Caller, path: str) -> None:
    refused = deployer.manage("GET", f"{SUBSCRIPTION}/{path}")
    assert (refused.status_code, code(refused)) == (403, "AuthorizationFailed")


def test_a_list_has_what_the_caller_may_see(azure: AzureAPI, deployer: Caller) -> None:
    create_vault(deployer)
    azure.create(f"{OTHER_GROUP}/providers/Microsoft.KeyVault/vaults/their-vault", properties={"tenantId": TENANT_ID})
    listed = deployer.manage("GET", f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/vaults").json()["value"]
    assert [vault["name"] for vault in listed] == ["our-vault"]


def test_a_condition_restricts_which_roles_are_assigned(deployer: Caller) -> None:
    create_vault(deployer)
    for role, kind in ((READER, "ServicePrincipal"), (SECRETS_USER, "User")):
        assert code(deployer.manage("PUT", *role_assignment(role, on=VAULT, kind=kind))) == "AuthorizationFailed"
    assert deployer.manage("PUT", *role_assignment(SECRETS_USER, on=VAULT)).status_code == 201
    again, content = role_assignment(SECRETS_USER, on=VAULT)
    assert code(deployer.manage("PUT", f"{again}-more", content)) == "RoleAssignmentExists"


def test_an_unknown_version_of_an_api_is_refused_and_noted(azure: AzureAPI, deployer: Caller) -> None:
    refused = deployer.manage("GET", VAULT, version="1999-01-01")
    assert (refused.status_code, code(refused)) == (400, "NoRegisteredProviderFound")
    assert azure.manager.unknown == ["GET microsoft.keyvault/vaults 1999-01-01"]


@pytest.mark.parametrize("change", [{"softDeleteRetentionInDays": 30}, {"enablePurgeProtection": False}])
def test_what_a_vault_was_created_with_cannot_be_changed(deployer: Caller, change: dict[str, object]) -> None:
    create_vault(deployer, enablePurgeProtection=True)
    refused = deployer.manage("PATCH", VAULT, {"properties": change})
    assert (refused.status_code, "modified" in refused.text or "set to false" in refused.text) == (400, True)


def test_a_deleted_vault_keeps_its_name(deployer: Caller) -> None:
    create_vault(deployer)
    assert deployer.manage("DELETE", VAULT).status_code == 200
    assert code(create_vault(deployer)) == "VaultAlreadyExists"
    assert create_vault(deployer, createMode="recover").status_code == 201


def test_a_deleted_secret_keeps_its_name_until_it_is_purged(deployer: Caller) -> None:
    create_vault(deployer)
    deployer.secret("PUT", "key", "one")
    assert deployer.secret("GET", "key").json()["value"] == "one"
    deployer.secret("DELETE", "key")
    assert deployer.secret("GET", "key").status_code == 404
    assert deployer.secret("PUT", "key", "two").status_code == 409
    assert deployer.secret("DELETE", "key", path="deletedsecrets").status_code == 204
    assert deployer.secret("PUT", "key", "two").status_code == 200


def test_purge_protection(deployer: Caller) -> None:
    create_vault(deployer, enablePurgeProtection=True)
    deployer.secret("PUT", "key", "one")
    deployer.secret("DELETE", "key")
    assert deployer.secret("DELETE", "key", path="deletedsecrets").status_code == 403


def test_an_app_refers_only_to_secrets_that_its_identity_can_read(azure: AzureAPI, deployer: Caller) -> None:
    create_vault(deployer)
    deployer.manage("PUT", IDENTITY, {"location": "westeurope"})
    workspace = deployer.manage("PUT", WORKSPACE, {"location": "westeurope", "properties": {}}).json()
    logs = {"customerId": workspace["properties"]["customerId"], "sharedKey": "x"}
    configuration = {"appLogsConfiguration": {"logAnalyticsConfiguration": logs}}
    deployer.manage("PUT", ENVIRONMENT, {"location": "westeurope", "properties": configuration})
    secret = {"name": "key", "keyVaultUrl": "https://our-vault.vault.azure.net/secrets/key", "identity": IDENTITY}
    container = {"name": "one", "image": "one", "resources": {"cpu": 0.5, "memory": "1Gi"}}
    body = {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "properties": {
            "managedEnvironmentId": ENVIRONMENT,
            "configuration": {"secrets": [secret]},
            "template": {"containers": [container]},
        },
    }
    assert "may not read secrets" in deployer.manage("PUT", APP, body).text
    principal = azure.manager.resources[IDENTITY.lower()]["properties"]["principalId"]
    assignment, content = role_assignment(SECRETS_USER, on=VAULT)
    content["properties"]["principalId"] = principal
    deployer.manage("PUT", assignment, content)
    assert "there is no secret key" in deployer.manage("PUT", APP, body).text
    deployer.secret("PUT", "key", "one")
    created = deployer.manage("PUT", APP, body)
    assert created.status_code == 201
    assert "keyVaultUrl" not in created.text
    assert code(deployer.manage("PUT", APP, body)) == "OperationInProgress"


def test_an_environment_joins_a_subnet_by_a_right_on_it_and_gets_zones_only_there(
    azure: AzureAPI, deployer: Caller
) -> None:
    subnet = f"{OTHER_GROUP}/providers/Microsoft.Network/virtualNetworks/theirs/subnets/gateway"
    azure.create(subnet, location="westeurope")
    azure.define_role("joins", actions=JOINING)

    def create(**properties: object) -> httpx.Response:
        return deployer.manage("PUT", ENVIRONMENT, {"location": "westeurope", "properties": properties})

    network = {"infrastructureSubnetId": subnet, "internal": False}
    assert code(create(zoneRedundant=True)) == "InvalidRequestParameter"
    assert code(create(zoneRedundant=True, vnetConfiguration=network)) == "LinkedAuthorizationFailed"
    azure.assign("deployer", "joins", subnet)
    assert create(zoneRedundant=True, vnetConfiguration=network).is_success
    made = deployer.manage("GET", ENVIRONMENT).json()["properties"]
    assert made["infrastructureResourceGroup"] == "ME_our-environment_ours"


def test_a_state_is_written_by_whoever_has_its_lease(deployer: Caller) -> None:
    url = "https://ourstate.blob.core.windows.net/tfstate/dev.tfstate"

    def ask(method: str, query: str = "", **headers: str) -> int:
        named = {f"x-ms-{name.replace('_', '-')}": value for name, value in headers.items()}
        return deployer.ask(method, url + query, {}, audience=STORAGE, headers=named).status_code

    assert ask("PUT") == 201
    assert ask("PUT", "?comp=lease", lease_action="acquire", proposed_lease_id="mine") == 201
    assert ask("PUT", "?comp=lease", lease_action="acquire", proposed_lease_id="other") == 409
    assert ask("PUT") == 412
    assert ask("PUT", lease_id="mine") == 201
    assert ask("PUT", "?comp=lease", lease_action="release", lease_id="mine") == 200
    assert ask("PUT") == 201


def test_a_lock_on_the_group_holds_what_is_in_it(azure: AzureAPI, deployer: Caller) -> None:
    create_vault(deployer)
    azure.create(f"{GROUP}/providers/Microsoft.Authorization/locks/no-delete", properties={"level": "CanNotDelete"})
    assert code(deployer.manage("DELETE", VAULT)) == "ScopeLocked"


def test_a_token_is_for_one_service(deployer: Caller) -> None:
    refused = deployer.ask("GET", f"{RESOURCE_MANAGER}{GROUP}?api-version=2023-07-01", audience=STORAGE)
    assert refused.status_code == 401


def test_no_request_leaves_the_machine() -> None:
    async def ask() -> bytes:
        proxy = Proxy(hosts=["*.vault.azure.net"], host="127.0.0.1", port=9, refused=refused)
        reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.accept("127.0.0.1"))
        writer.write(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        answer = await reader.readline()
        writer.close()
        proxy.close()
        return answer

    refused: list[str] = []
    assert b"403" in asyncio.run(ask())
    assert refused == ["example.com"]
