"""What Azure refuses, through the real gateway and the real LiteLLM: each is told as what it is."""

import json
import re
import signal
from collections.abc import Callable

import pytest

from local.runner.session import Session
from scripts.smoke_test import Offer, run
from tests.gateway.whole.regions import GatewayLog, tell_litellm

from .azure import KEY, Azure
from .script import Ran, smoke

OF_CODEX = ["responses", "responses, streamed", "chat completions"]
OF_AZURE = [*OF_CODEX, "embeddings"]


@pytest.fixture
def ask(faulty: Session, azure: Azure, offer: Offer) -> Callable[[], Ran]:
    """What the script would say of the gateway that all tests share."""
    azure.be()
    return lambda: said_of(faulty, offer)


def said_of(session: Session, offer: Offer) -> Ran:
    """What the script would say, asked for within this process; no key is in it."""
    report = run(base_url=session.base_url, key=session.key, offer=offer, timeout_s=20)
    ran = Ran(code=0 if report.passed else 1, stdout=json.dumps(report.as_json()), stderr="")
    for key in (KEY, session.key):
        assert key not in ran.stdout + report.text() + report.markdown()
    return ran


def test_all_is_well_before_anything_is_made_wrong(ask: Callable[[], Ran]) -> None:
    assert set(ask().statuses.values()) == {"passed"}


def test_a_wrong_azure_key(azure: Azure, faulty: Session) -> None:
    azure.be(key="another")
    ran = smoke("--base-url", faulty.base_url, "--json", GATEWAY_KEY=faulty.key)
    assert ran.code == 1
    assert faulty.key not in ran.stdout + ran.stderr
    assert ran.layers == dict.fromkeys(OF_AZURE, "Azure key")
    (diagnosis,) = ran.report["diagnoses"]
    told = "TF_VAR_azure_openai_api_key (GitHub secret AZURE_OPENAI_API_KEY, vault secret azure-openai-api-key)"
    assert told in diagnosis["look_at"]


def test_a_missing_deployment(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.be(responses={"other": "2025-04-01-preview"})
    ran = ask()
    assert ran.layers == dict.fromkeys(OF_CODEX, "Azure deployment")
    assert "There is no deployment gpt-5.3-codex at https://" in ran.look_at("Azure deployment")
    assert "`deployment` in [codex] of the settings of dev" in ran.look_at("Azure deployment")


def test_a_deployment_of_another_kind(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.be(responses={}, chat={"gpt-5.3-codex": "2024-10-21"})
    ran = ask()
    assert ran.layers == dict.fromkeys(OF_CODEX, "Azure deployment")
    assert "is a model of another kind" in ran.look_at("Azure deployment")


def test_a_wrong_api_version(ask: Callable[[], Ran], azure: Azure) -> None:
    embeddings = {"text-embedding-3-large": {"api_version": "2024-10-21"}}
    azure.be(responses={"gpt-5.3-codex": "2025-03-01-preview"}, embeddings=embeddings)
    ran = ask()
    assert ran.layers == dict.fromkeys(OF_AZURE, "API version")
    of_codex, of_embeddings = ran.report["diagnoses"]
    assert "does not know API version 2025-04-01-preview" in of_codex["meaning"]
    assert "`api_version` in [codex] of the settings of dev" in of_codex["look_at"]
    assert "API version 2023-05-15 is wrong for this call, or https://" in of_embeddings["meaning"]
    assert "Its answer does not tell which" in of_embeddings["meaning"]


def test_an_exhausted_quota(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.grant(requests_per_minute=0)
    ran = ask()
    assert ran.layers == dict.fromkeys(OF_AZURE, "quota")
    assert "Azure's quota of deployment gpt-5.3-codex is used up; it asks to wait 60 s." in ran.look_at("quota")


def test_vectors_of_another_dimension(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.be(embeddings={"text-embedding-3-large": {"api_version": "2023-05-15", "dimension": 1536}})
    ran = ask()
    assert ran.layers == {"embeddings": "Azure deployment"}
    assert "gives vectors of 1536 numbers" in ran.look_at("Azure deployment")
    assert "`dimension` in [embeddings] of the settings of dev" in ran.look_at("Azure deployment")


def test_azure_fails(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.fail("500")
    ran = ask()
    assert ran.layers == dict.fromkeys(OF_AZURE, "Azure")
    assert "(500: status)" in ran.look_at("Azure")


def test_azure_is_not_there(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.stop()
    ran = ask()
    assert ran.layers == dict.fromkeys(OF_AZURE, "Azure")
    assert "The gateway gets no connection to https://" in ran.look_at("Azure")


def test_azure_is_silent(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.fail("hang_before_headers", match='"stream":true')
    ran = ask()
    assert ran.layers == {"responses, streamed": "Azure"}
    assert "does not answer in time" in ran.look_at("Azure")


def test_a_stream_that_azure_cuts(ask: Callable[[], Ran], azure: Azure) -> None:
    azure.fail("cut_mid_stream", surface="responses", match='"stream":true')
    ran = ask()
    assert ran.layers == {"responses, streamed": "Azure"}
    (note,) = (result["note"] for result in ran.report["results"] if result["status"] == "failed")
    assert note == "breaks off: upstream_interrupted"


def test_the_line_of_the_log_is_named_and_there(ask: Callable[[], Ran], faulty: Session, azure: Azure) -> None:
    azure.fail("500", surface="embeddings")
    (number,) = re.findall(r"request_id (\w+)", ask().look_at("Azure"))
    line = GatewayLog(faulty.gateway.log).line(number)
    assert (line["route"], line["status"]) == ("embeddings", 503)


def test_a_litellm_that_has_died_fails_translated_chat_alone(azure: Azure, doomed: Session, offer: Offer) -> None:
    azure.be()
    tell_litellm(doomed, signal.SIGKILL)
    ran = said_of(doomed, offer)
    assert ran.layers == {"chat completions": "LiteLLM"}
    assert "container litellm: does it run" in ran.look_at("LiteLLM")
