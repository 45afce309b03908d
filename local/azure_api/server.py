"""The imitation as a whole: all hosts of Azure behind one TLS listener, and the proxy that leads to it."""

import asyncio
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Host, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.azure_api.blobs import Blobs
from local.azure_api.calls import Call, CallRecorder
from local.azure_api.certificate import make_certificate
from local.azure_api.login import Login
from local.azure_api.proxy import Proxy
from local.azure_api.resource_id import ResourceId
from local.azure_api.resource_manager import ResourceManager
from local.azure_api.roles import Assignment, Role, Roles
from local.listener import Listener
from local.tokens import TENANT_ID

_HOST = "127.0.0.1"
_START_S = 10
_HOSTS = ("management.azure.com", "login.microsoftonline.com", "*.vault.azure.net", "*.blob.core.windows.net")


@dataclass
class AzureAPI:
    """What is in this Azure, and who has called it."""

    roles: Roles = field(default_factory=Roles)
    login: Login = field(default_factory=Login)
    calls: list[Call] = field(default_factory=list)
    manager: ResourceManager = field(init=False)
    blobs: Blobs = field(init=False)
    variables: dict[str, str] = field(default_factory=dict)
    """For the environment of programs that shall call it."""
    refused_hosts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manager = ResourceManager(self.roles)
        self.blobs = Blobs(self.roles)

    def app(self) -> ASGIApp:
        token = Route("/{tenant}/oauth2/v2.0/token", self.login.token, methods=["POST"])
        routes = [
            Host("login.microsoftonline.com", Starlette(routes=[token])),
            Host("management.azure.com", _LowerCasePaths(self.manager.app())),
            Host("{vault}.vault.azure.net", self.manager.secrets.app()),
            Host("{account}.blob.core.windows.net", self.blobs.app()),
        ]
        return CallRecorder(Starlette(routes=routes), calls=self.calls)

    def identity(self, client_id: str) -> Mapping[str, str]:
        """Register an application; the variables with which Terraform signs in as it, as in a workflow."""
        self.login.register(client_id)
        return {
            "ARM_CLIENT_ID": client_id,
            "ARM_TENANT_ID": TENANT_ID,
            "ARM_USE_OIDC": "true",
            "ARM_OIDC_TOKEN": "of GitHub",
        }

    def assign(self, client_id: str, role: str, scope: str, *, condition: str | None = None) -> None:
        """Give an application a role, by its name or its id."""
        number = len(self.roles.assignments)
        id_ = ResourceId(f"{scope}/providers/Microsoft.Authorization/roleAssignments/test-{number}")
        self.roles.assignments[id_.key] = Assignment(
            id=id_, role=self.roles.named(role).id, principal=self.login.register(client_id), condition=condition
        )

    def define_role(self, name: str, *, actions: tuple[str, ...]) -> None:
        """Define a custom role, with its name as its id."""
        self.roles.define(Role(id=name, name=name, actions=actions, is_custom=True))

    def create(self, id_: str, **content: Any) -> None:  # noqa: ANN401 - JSON
        """Put something there that nobody deploys, such as a storage account, with its resource group."""
        resource = ResourceId(id_)
        self.manager.subscriptions.add(resource.subscription)
        if resource.group.key not in self.manager.resources:
            self.manager.put(resource.group, {"location": content.get("location", "westeurope")})
        self.manager.put(resource, content)
        if resource.type == "microsoft.storage/storageaccounts":
            self.blobs.accounts[resource.name] = resource

    def app_named(self, name: str) -> dict[str, Any]:
        """A container app as it is."""
        (app,) = (app for app in self.manager.children("", "microsoft.app/containerapps") if app["name"] == name)
        return app


class _LowerCasePaths:
    """Resource Manager's paths have no case; what is stored keeps the case in which it was written."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = f"/{scope['path'].strip('/')}"
        await self._app({**scope, "path": path.lower(), "original_path": path}, receive, send)


@contextmanager
def serving() -> Iterator[AzureAPI]:
    """An empty one, served by a thread as long as the block lasts."""
    api, started = AzureAPI(), Future[Callable[[], object]]()
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(Path(folder), hosts=_HOSTS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        async def run() -> None:
            loop, stop = asyncio.get_running_loop(), asyncio.Event()
            listener = Listener(api.app(), host=_HOST, port=0, tls=context)
            await listener.accept()
            proxy = Proxy(hosts=_HOSTS, host=_HOST, port=listener.port, refused=api.refused_hosts)
            port = await proxy.accept(_HOST)
            api.variables |= {"HTTPS_PROXY": f"http://{_HOST}:{port}", "SSL_CERT_FILE": str(certificate)}
            started.set_result(partial(loop.call_soon_threadsafe, stop.set))
            await stop.wait()
            proxy.close()
            await listener.stop()

        thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
        thread.start()
        stop = started.result(timeout=_START_S)
        try:
            yield api
        finally:
            stop()
            thread.join()
