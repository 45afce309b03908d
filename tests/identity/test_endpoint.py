"""The identity endpoint in this process, and once as its own: what it answers to whom, and how it fails on request."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from local.identity import azure_cli
from local.identity.endpoint import Behaviour, IdentityEndpoint, Issuer
from local.tokens import TENANT_ID, Claims, principal_of, verify

ROOT = Path(__file__).parents[2]
CLIENT_ID = "8d7e4d5c-27b0-4f0c-9d0e-3f1f0c7a2b11"
KEY, HEADER = "the-key", "the-header"
RESOURCE = "https://cognitiveservices.azure.com"
QUERY = {"api-version": "2019-08-01", "resource": RESOURCE, "client_id": CLIENT_ID}
SENT = {"x-identity-header": HEADER}
URL = "/msi/token"


@pytest.fixture
def issuer() -> Issuer:
    """Signs the tokens."""
    return Issuer(client_id=CLIENT_ID, key=KEY)


@pytest.fixture
def endpoint(issuer: Issuer) -> IdentityEndpoint:
    """The endpoint of the identity."""
    return IdentityEndpoint(
        header=HEADER, client_id=CLIENT_ID, request_token=issuer, behaviour=lambda: issuer.behaviour
    )


@pytest.fixture
def client(endpoint: IdentityEndpoint) -> Iterator[TestClient]:
    """Calls it."""
    with TestClient(endpoint.app()) as client:
        yield client


def read_token(answer: Any) -> Claims:  # noqa: ANN401 - starlette's response is httpx's
    """The claims of the token in an answer."""
    return verify(answer.json()["access_token"], key=KEY, audiences=(RESOURCE,), now=time.time())


def test_the_answer_is_that_of_container_apps(client: TestClient) -> None:
    answer = client.get(URL, params=QUERY, headers=SENT)
    body = answer.json()
    claims = read_token(answer)
    assert body == {
        "access_token": body["access_token"],
        "expires_on": str(claims.exp),
        "resource": RESOURCE,
        "token_type": "Bearer",
        "client_id": CLIENT_ID,
    }
    assert (claims.aud, claims.appid, claims.tid) == (RESOURCE, CLIENT_ID, TENANT_ID)
    assert claims.oid == principal_of(CLIENT_ID)
    assert claims.exp - time.time() == pytest.approx(86_400, abs=60)


@pytest.mark.parametrize(
    "headers", [{}, {"x-identity-header": ""}, {"x-identity-header": "wrong"}, {"metadata": "true"}]
)
def test_without_the_header_it_is_403_without_a_body(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get(URL, params=QUERY, headers=headers)
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"client_id": "another"}, "Unable to load the proper Managed Identity."),
        ({"client_id": None}, "Unable to load the proper Managed Identity."),
        ({"resource": None}, "The resource is missing or invalid."),
        ({"api-version": "2017-09-01"}, "The api-version must be 2019-08-01."),
    ],
)
def test_a_wrong_query_is_400(client: TestClient, change: dict[str, str | None], message: str) -> None:
    query = {name: value for name, value in (QUERY | change).items() if value is not None}
    answer = client.get(URL, params=query, headers=SENT)
    body = answer.json()
    assert answer.status_code == 400
    assert body == {"statusCode": 400, "message": message, "correlationId": body["correlationId"]}


@pytest.mark.parametrize(("method", "path", "status"), [("POST", URL, 405), ("GET", "/", 404)])
def test_nothing_else_is_there(client: TestClient, method: str, path: str, status: int) -> None:
    assert client.request(method, path, params=QUERY, headers=SENT).status_code == status


def test_the_same_token_is_handed_out_for_most_of_its_time(
    client: TestClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.time()
    tokens = []
    for after_s in (0, 80_000, 80_001):
        monkeypatch.setattr(time, "time", lambda at=started + after_s: at)
        tokens.append(client.get(URL, params=QUERY, headers=SENT).json()["access_token"])
    assert tokens[0] != tokens[1] == tokens[2]
    issuer.behave(Behaviour())
    monkeypatch.setattr(time, "time", lambda: started + 80_010)
    assert client.get(URL, params=QUERY, headers=SENT).json()["access_token"] != tokens[2]


def test_an_identity_without_the_role_is_another_principal(client: TestClient, issuer: Issuer) -> None:
    issuer.behave(Behaviour(has_role=False))
    assert read_token(client.get(URL, params=QUERY, headers=SENT)).oid != principal_of(CLIENT_ID)


def test_a_token_may_expire_before_the_announced_time(client: TestClient, issuer: Issuer) -> None:
    issuer.behave(Behaviour(lifetime_s=60, announced_s=3600))
    answer = client.get(URL, params=QUERY, headers=SENT)
    assert int(answer.json()["expires_on"]) - read_token(answer).exp == 3540


@contextmanager
def run(**variables: str) -> Iterator[dict[str, int]]:
    """The process; yields its ports."""
    environ = {**os.environ, "IDENTITY_HEADER": HEADER, "AZURE_CLIENT_ID": CLIENT_ID, **variables}
    command = [sys.executable, "-m", "local.identity"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def test_the_process_fails_on_request() -> None:
    with run(IDENTITY_TOKEN_KEY=KEY) as ports, httpx.Client(trust_env=False) as http:
        url, control = (f"http://127.0.0.1:{ports[name]}" for name in ("port", "control_port"))

        def behave(**behaviour: object) -> None:
            http.put(f"{control}/behaviour", json=behaviour).raise_for_status()

        def ask() -> int:
            return http.get(f"{url}{URL}", params=QUERY, headers=SENT).status_code

        assert ask() == 200
        for status in (400, 500):
            behave(fault=status)
            assert ask() == status
        behave(fault="down")
        with pytest.raises(httpx.TransportError):
            ask()
        behave(fault="slow", delay_s=0.2)
        started = time.monotonic()
        assert ask() == 200
        assert time.monotonic() - started >= 0.2
        assert http.get(f"{control}/requests").json() == [200, 400, 500, 200]
        assert http.put(f"{control}/behaviour", json={"fault": "flood"}).status_code == 400


def test_the_process_begins_as_it_is_told() -> None:
    behaviour = json.dumps({"fault": 500})
    with run(IDENTITY_TOKEN_KEY=KEY, IDENTITY_BEHAVIOUR=behaviour) as ports, httpx.Client(trust_env=False) as http:
        assert http.get(f"http://127.0.0.1:{ports['port']}{URL}", params=QUERY, headers=SENT).status_code == 500


def test_the_port_may_be_closed_at_first() -> None:
    behaviour = json.dumps({"fault": "down"})
    with run(IDENTITY_TOKEN_KEY=KEY, IDENTITY_BEHAVIOUR=behaviour) as ports, httpx.Client(trust_env=False) as http:
        url = f"http://127.0.0.1:{ports['port']}{URL}"
        with pytest.raises(httpx.ConnectError):
            http.get(url)
        http.put(f"http://127.0.0.1:{ports['control_port']}/behaviour", json={}).raise_for_status()
        assert http.get(url, params=QUERY, headers=SENT).status_code == 200


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "AZURE_CLIENT_ID, IDENTITY_TOKEN_KEY: not set."),
        ({"AZURE_CLIENT_ID": "c", "IDENTITY_TOKEN_KEY": "k", "IDENTITY_BEHAVIOUR": "{"}, "IDENTITY_BEHAVIOUR: "),
    ],
)
def test_the_process_says_what_is_wrong_with_its_environment(variables: dict[str, str], message: str) -> None:
    environ = {**os.environ, "IDENTITY_HEADER": HEADER, **variables}
    done = subprocess.run(
        [sys.executable, "-m", "local.identity"], cwd=ROOT, env=environ, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


_AZ = """#!/bin/sh
echo "$@" >> "$0.arguments"
{answer}
"""


@pytest.fixture
def azure_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Calls an endpoint with the tokens of a stand-in of the Azure CLI, which a test writes to `tmp_path/az`."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    endpoint = IdentityEndpoint(
        header=HEADER, client_id=CLIENT_ID, request_token=azure_cli.request_token, behaviour=Behaviour
    )
    with TestClient(endpoint.app()) as client:
        yield client


def write_az(folder: Path, answer: str) -> None:
    """Write the stand-in."""
    az = folder / "az"
    az.write_text(_AZ.format(answer=answer))
    az.chmod(0o755)


def test_with_azure_the_token_is_that_of_the_azure_cli(azure_client: TestClient, tmp_path: Path) -> None:
    write_az(tmp_path, """echo '{"accessToken": "eyJ", "expires_on": 1800000000, "tokenType": "Bearer"}'""")
    body = azure_client.get(URL, params=QUERY, headers=SENT).json()
    assert (body["access_token"], body["expires_on"]) == ("eyJ", "1800000000")
    arguments = (tmp_path / "az.arguments").read_text().strip()
    assert arguments == f"account get-access-token --scope {RESOURCE}/.default --output json"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("echo 'ERROR: Please run az login' >&2; exit 1", "Please run az login. Log in with `az login`."),
        (
            """echo '{"accessToken": "eyJ", "expiresOn": "2026-12-01 10:00:00"}'""",
            "no expires_on, as before version 2.54",
        ),
    ],
    ids=["no login", "too old"],
)
def test_an_azure_cli_that_gives_no_token_is_500(
    azure_client: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str, message: str
) -> None:
    write_az(tmp_path, answer)
    assert azure_client.get(URL, params=QUERY, headers=SENT).status_code == 500
    assert message in capsys.readouterr().err
