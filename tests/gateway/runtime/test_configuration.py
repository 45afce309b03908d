"""What the gateway reads from its container's environment."""

import json

import pytest

from gateway.runtime.configuration import read_configuration

ENVIRON = {
    "HOST": "0.0.0.0",  # noqa: S104
    "PORT": "4000",
    "LITELLM_URL": "http://127.0.0.1:4001/",
    "GATEWAY_KEY": "g",
    "INNER_KEY": "i",
    "AZURE_OPENAI_ENDPOINT": "https://one.openai.azure.com/",
    "AZURE_OPENAI_API_KEY": "a",
    "GATEWAY_CONFIG": json.dumps(
        {
            "upstreams": [{"name": "one", "endpoint_env": "AZURE_OPENAI_ENDPOINT", "key_env": "AZURE_OPENAI_API_KEY"}],
            "models": [
                {"name": "m", "deployment": "d", "kind": "responses", "api_version": "v", "upstream": "one"},
            ],
            "timeouts": {
                "connect_s": 1,
                "first_event_s": 2,
                "idle_s": 3,
                "answer_s": 4,
                "total_s": 5,
                "litellm_start_s": 6,
            },
            "retries": {"attempts": 3, "backoff_s": 0.5, "max_retry_after_s": 20},
            "limits": {"max_body_bytes": 7},
        }
    ),
}


def test_endpoints_and_keys_come_from_the_variables_that_the_document_names() -> None:
    configuration = read_configuration(ENVIRON)
    model = configuration.models["m"]
    assert (model.upstream.endpoint, model.upstream.key) == ("https://one.openai.azure.com", "a")
    assert (configuration.host, configuration.port) == ("0.0.0.0", 4000)  # noqa: S104
    assert configuration.litellm_url == "http://127.0.0.1:4001"
    assert configuration.timeouts.total_s == 5
    assert configuration.max_body_bytes == 7


@pytest.mark.parametrize("name", ENVIRON)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        read_configuration({other: value for other, value in ENVIRON.items() if other != name})


@pytest.mark.parametrize("name", ["GATEWAY_KEY", "INNER_KEY", "AZURE_OPENAI_API_KEY"])
def test_a_blank_key_is_refused_and_a_line_end_is_none_of_it(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is blank"):
        read_configuration(ENVIRON | {name: " \n"})
    assert read_configuration(ENVIRON | {name: "k\n"}).models["m"].upstream.key in {"k", "a"}
