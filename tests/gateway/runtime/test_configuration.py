"""What the gateway reads from its container's environment."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest

from gateway.runtime.configuration import Model, Project, Upstream, read_configuration
from settings.limits import CircuitBreaker, Limits, Retries, Timeouts

DOCUMENT = {
    "name": "pvc-dev-aigateway-ca-san",
    "upstreams": [
        {"name": "one", "endpoint_env": "ONE_ENDPOINT", "key_env": "ONE_API_KEY", "priority": 1},
        {"name": "two", "endpoint_env": "TWO_ENDPOINT", "key_env": "TWO_API_KEY", "priority": 2},
    ],
    "models": [
        {
            "name": "m",
            "deployment": "d",
            "kind": "embeddings",
            "api_version": "v",
            "translate": True,
            "upstreams": ["two", "one"],
            "dimension": 3072,
            "requests_per_minute": 60,
            "tokens_per_minute": None,
        },
        {
            "name": "n",
            "deployment": "n",
            "kind": "chat",
            "api_version": "w",
            "translate": False,
            "upstreams": ["one"],
            "dimension": None,
            "requests_per_minute": None,
            "tokens_per_minute": None,
        },
    ],
    "projects": [
        {
            "name": "team",
            "key_envs": ["GATEWAY_KEY", "GATEWAY_KEY_SECONDARY"],
            "models": None,
            "requests_per_minute": None,
            "tokens_per_minute": None,
            "parallel_requests": None,
        },
        {
            "name": "small",
            "key_envs": ["GATEWAY_KEY_SMALL", "GATEWAY_KEY_SMALL_SECONDARY"],
            "models": ["m"],
            "requests_per_minute": 1,
            "tokens_per_minute": 2,
            "parallel_requests": 3,
        },
    ],
    "timeouts": {
        "connect_s": 1,
        "headers_s": 2,
        "first_event_s": 2,
        "idle_s": 3,
        "keep_alive_s": 3,
        "answer_s": 4,
        "embeddings_s": 4,
        "body_s": 5,
        "litellm_s": 6,
        "litellm_start_s": 7,
        "total_s": 8,
    },
    "retries": {"attempts": 3, "backoff_s": 0.5, "max_retry_after_s": 20},
    "circuit_breaker": {"failures": 1, "open_s": 10, "max_open_s": 60},
    "limits": {"max_body_bytes": 7000, "max_depth": 64, "queue_s": 120},
    "log_client_address": True,
}
KEYS = {
    "GATEWAY_KEY": "g",
    "GATEWAY_KEY_SECONDARY": "g2",
    "GATEWAY_KEY_SMALL": "s",
    "GATEWAY_KEY_SMALL_SECONDARY": "s2",
    "INNER_KEY": "i",
    "ONE_API_KEY": "a",
    "TWO_API_KEY": "b",
}
ENVIRON = {
    "HOST": "0.0.0.0",  # noqa: S104
    "PORT": "4000",
    "LITELLM_URL": "http://127.0.0.1:4001/",
    "ONE_ENDPOINT": "https://one.openai.azure.com/",
    "TWO_ENDPOINT": "https://two.openai.azure.com",
    "GATEWAY_CONFIG": json.dumps(DOCUMENT),
    **KEYS,
}
ONE = Upstream(name="one", endpoint="https://one.openai.azure.com", key="a", priority=1)
TWO = Upstream(name="two", endpoint="https://two.openai.azure.com", key="b", priority=2)


def test_endpoints_and_keys_come_from_the_variables_that_the_document_names() -> None:
    models = read_configuration(ENVIRON).models
    assert models == {
        "m": Model(
            name="m",
            deployment="d",
            kind="embeddings",
            api_version="v",
            translate=True,
            upstreams=(TWO, ONE),
            requests_per_minute=60,
        ),
        "n": Model(name="n", deployment="n", kind="chat", api_version="w", upstreams=(ONE,)),
    }


KEYLESS = [{"name": "one", "endpoint_env": "ONE_ENDPOINT", "priority": 1}, *DOCUMENT["upstreams"][1:]]  # type: ignore[index]


def test_an_upstream_without_a_key_takes_the_token_of_the_identity() -> None:
    document = {**DOCUMENT, "upstreams": KEYLESS, "token_scope": "https://example.com/.default"}
    environ = {name: value for name, value in ENVIRON.items() if name != "ONE_API_KEY"}
    configuration = read_configuration(environ | {"GATEWAY_CONFIG": json.dumps(document), "AZURE_CLIENT_ID": "c"})
    assert configuration.models["m"].upstreams == (TWO, replace(ONE, key=None))
    assert (configuration.token_scope, configuration.azure_client_id) == ("https://example.com/.default", "c")
    keyed = read_configuration(ENVIRON)
    assert (keyed.token_scope, keyed.azure_client_id) == (None, None)


def test_an_upstream_without_key_and_token_is_refused() -> None:
    document = {**DOCUMENT, "upstreams": KEYLESS}
    with pytest.raises(ValueError, match="one: an upstream without a key needs the token_scope"):
        read_configuration(ENVIRON | {"GATEWAY_CONFIG": json.dumps(document)})


def test_no_key_is_in_a_text() -> None:
    assert "secret" not in repr(replace(ONE, key="secret"))


def test_a_project_has_two_keys_and_by_default_every_model_and_no_limit() -> None:
    assert read_configuration(ENVIRON).projects == (
        Project(name="team", keys=("g", "g2"), models=frozenset({"m", "n"}), environment="pvc-dev-aigateway-ca-san"),
        Project(
            name="small",
            keys=("s", "s2"),
            models=frozenset({"m"}),
            requests_per_minute=1,
            tokens_per_minute=2,
            parallel_requests=3,
            environment="pvc-dev-aigateway-ca-san",
        ),
    )


def test_a_projects_mark_is_its_own_in_each_environment_whatever_its_keys() -> None:
    one = Project(name="team", keys=("a",), models=frozenset(), environment="dev")
    assert re.fullmatch("[0-9a-f]{32}", one.mark)
    assert replace(one, keys=("b",), models=frozenset({"m"})).mark == one.mark
    assert replace(one, name="other").mark != one.mark
    assert replace(one, environment="prod").mark != one.mark


def test_times_retries_breaker_and_limits_are_the_documents() -> None:
    configuration = read_configuration(ENVIRON)
    assert configuration.timeouts == Timeouts(
        connect_s=1,
        headers_s=2,
        first_event_s=2,
        idle_s=3,
        keep_alive_s=3,
        answer_s=4,
        embeddings_s=4,
        body_s=5,
        litellm_s=6,
        litellm_start_s=7,
        total_s=8,
    )
    assert configuration.retries == Retries(attempts=3, backoff_s=0.5, max_retry_after_s=20)
    assert configuration.circuit_breaker == CircuitBreaker(failures=1, open_s=10, max_open_s=60)
    assert configuration.limits == Limits(max_body_bytes=7000, max_depth=64, queue_s=120)
    assert configuration.log_client_address


def test_the_container_says_where_to_listen_and_where_litellm_is() -> None:
    configuration = read_configuration(ENVIRON)
    assert (configuration.host, configuration.port) == ("0.0.0.0", 4000)  # noqa: S104
    assert (configuration.litellm_url, configuration.inner_key) == ("http://127.0.0.1:4001", "i")


def test_the_source_is_the_digest_of_the_archive() -> None:
    archive = base64.b64encode(b"an archive").decode()
    source = read_configuration(ENVIRON | {"GATEWAY_SOURCE": archive}).source
    assert source == hashlib.sha256(b"an archive").hexdigest()[:16]
    assert read_configuration(ENVIRON).source is None


@pytest.mark.parametrize("name", ENVIRON)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        read_configuration({other: value for other, value in ENVIRON.items() if other != name})


@pytest.mark.parametrize("name", KEYS)
def test_a_blank_key_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is blank"):
        read_configuration(ENVIRON | {name: " \n"})


def test_the_line_end_of_the_file_that_a_key_came_from_is_none_of_it() -> None:
    configuration = read_configuration(
        {name: f"{value}\n" if name in KEYS else value for name, value in ENVIRON.items()}
    )
    assert [project.keys for project in configuration.projects] == [("g", "g2"), ("s", "s2")]
    assert configuration.models["n"].upstreams == (ONE,)
    assert configuration.inner_key == "i"


def test_two_keys_of_one_project_may_be_the_same() -> None:
    projects = read_configuration(ENVIRON | {"GATEWAY_KEY_SECONDARY": "g"}).projects
    assert projects[0].keys == ("g", "g")


@pytest.mark.parametrize(
    ("name", "value"), [("GATEWAY_KEY_SMALL", "g"), ("GATEWAY_KEY_SMALL_SECONDARY", "g2"), ("INNER_KEY", "s2")]
)
def test_a_key_with_two_owners_is_refused_without_being_shown(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="two of these have the same key") as refused:
        read_configuration(ENVIRON | {name: f" {value}"})
    assert "small" in str(refused.value)
    assert not {word.strip(":,") for word in str(refused.value).split()} & set(KEYS.values())
