"""Which keys are accepted, and where."""

import hmac
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from multidict import CIMultiDict

from gateway.runtime.admission.authentication import Authentication, KeyOwner, read_client_request_id
from gateway.runtime.configuration import Project
from gateway.runtime.routes import Route

ONE = Project(name="one", keys=("key-1", "key-2"), models=frozenset())
TWO = Project(name="two", keys=("key-3",), models=frozenset())
KEYS = Authentication(projects=(ONE, TWO), inner_key="inner")
OPENAI = Route("responses")
AZURE = Route("openai/responses", is_azure=True)
Headers = list[tuple[str, str]]


def request(headers: Headers) -> web.BaseRequest:
    return cast("web.BaseRequest", SimpleNamespace(headers=CIMultiDict(headers)))


def owner_of(headers: Headers) -> KeyOwner | None:
    return KEYS.find_owner(request(headers))


def is_litellm(headers: Headers, route: Route = AZURE) -> bool:
    return KEYS.is_litellm(request(headers), route)


@pytest.mark.parametrize(
    ("headers", "project", "key"),
    [
        ([("Authorization", "Bearer key-1")], ONE, "primary"),
        ([("authorization", "bearer key-2")], ONE, "secondary"),
        ([("authorization", "BEARER  key-2  ")], ONE, "secondary"),
        ([("x-gateway-key", "key-3")], TWO, "primary"),
        ([("api-key", "key-3")], TWO, "primary"),
        ([("X-Gateway-Key", "key-1"), ("authorization", "Bearer key-2")], ONE, "secondary"),
    ],
)
def test_both_keys_of_a_project_are_accepted(headers: Headers, project: Project, key: str) -> None:
    assert owner_of(headers) == (project, key)


def test_a_key_that_is_both_keys_is_the_primary_one() -> None:
    project = Project(name="one", keys=("key", "key"), models=frozenset())
    authentication = Authentication(projects=[project], inner_key="inner")
    assert authentication.find_owner(request([("api-key", "key")])) == (project, "primary")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "key-1")],
        [("authorization", "Basic key-1")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer ")],
        [("authorization", "Bearer key-1 key-1")],
        [("authorization", "Bearer\tkey-1")],
        [("authorization", "Bearer key-")],
        [("authorization", "Bearer key-11")],
        [("authorization", "Bearer KEY-1")],
        [("authorization", "Bearer inner")],
        [("authorization", "Bearer k\u00e9y")],
        [("authorization", "Bearer \udcff\udcfe")],
        [("authorization", "Bearer " + "x" * 8000)],
        [("x-gateway-key", "")],
        [("x-gateway-key", "inner")],
        [("api-key", "inner")],
        [("api-key", "wrong"), ("authorization", "Bearer key-1")],
        [("api-key", "key-3"), ("x-gateway-key", "key-1")],
        [("x-gateway-key", "Bearer key-1")],
        [("x-gateway-key", "key-1, key-1")],
        [("authorization", "Bearer key-1"), ("authorization", "Bearer key-1")],
        [("x-gateway-key", "key-1"), ("x-gateway-key", "key-2")],
        [("authorization", "Bearer key-1"), ("x-gateway-key", "key-3")],
        [("authorization", "Bearer key-1"), ("x-gateway-key", "wrong")],
        [("authorization", "Bearer wrong"), ("x-gateway-key", "key-1")],
        [("authorization", "Basic x"), ("x-gateway-key", "key-1")],
        [("authorization", "Bearer key-1"), ("x-gateway-key", "")],
        [("cookie", "key-1"), ("x-api-key", "key-1"), ("x-litellm-api-key", "Bearer key-1")],
    ],
)
def test_everything_else_is_no_project(headers: Headers) -> None:
    assert owner_of(headers) is None


def test_the_inner_key_is_litellms_on_azures_routes_alone() -> None:
    assert is_litellm([("api-key", "inner")])
    assert is_litellm([("authorization", "Bearer inner")])
    assert not is_litellm([("api-key", "inner")], OPENAI)
    assert not is_litellm([("authorization", "Bearer inner")], OPENAI)
    assert not is_litellm([("api-key", "key-1")])
    assert not is_litellm([("api-key", "inner"), ("authorization", "Bearer key-1")])
    assert not is_litellm([])


@pytest.mark.parametrize("given", ["key-1", "key-3", "wrong"])
def test_every_key_is_compared_whichever_is_right(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compare, compared = hmac.compare_digest, []

    def watch(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watch)
    owner_of([("authorization", f"Bearer {given}")])
    assert compared == [(32, 32)] * 3


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ([("x-client-request-id", "task-1:2.3_x")], "task-1:2.3_x"),
        ([("x-request-id", "a" * 128)], "a" * 128),
        ([("x-request-id", "one"), ("x-client-request-id", "two")], "two"),
        ([], None),
        ([("x-request-id", "")], None),
        ([("x-request-id", "a" * 129)], None),
        ([("x-request-id", "two words")], None),
        ([("x-request-id", 'a"b')], None),
        ([("x-request-id", "a\n")], None),
        ([("x-request-id", "\u00e9")], None),
        ([("x-request-id", "key-1"), ("authorization", "Bearer key-1")], None),
        ([("x-client-request-id", "key-1"), ("api-key", "key-1")], None),
    ],
)
def test_a_clients_own_id_is_short_harmless_and_no_key(headers: Headers, request_id: str | None) -> None:
    assert read_client_request_id(request(headers)) == request_id
