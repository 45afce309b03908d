"""From refusals and broken connections to layers, and to what a report says of them."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from scripts.smoke_test import Target
from scripts.smoke_test.diagnosis import MAX_QUOTE, Context, not_reached, quote, refused
from scripts.smoke_test.http import Response, UnreachableError, key_pattern
from scripts.smoke_test.target import target_in
from settings.loading import load_environment
from tests import fixed_environments

REFUSED = {"code": "upstream_authentication_failed", "message": "Azure OpenAI does not authorize this gateway."}
INTERNAL = {"code": "internal_error", "message": "The gateway failed."}


def response(status: int, error: Mapping[str, object], **headers: str) -> Response:
    """As the gateway sends it."""
    return Response(status=status, headers=headers, text=json.dumps({"error": error}), ms=1.0, first_ms=1.0)


def context(
    target: Target, model: str | None = "gpt-5.3-codex", *, base_url: str = "https://gateway.example/v1"
) -> Context:
    """That of a check of this model."""
    found = next((deployment for deployment in target.deployments if deployment.model.name == model), None)
    return Context(base_url=base_url, target=target, deployment=found)


@pytest.mark.parametrize(
    ("status", "code", "message", "layer", "advice"),
    [
        (502, "upstream_authentication_failed", "Azure OpenAI does not ...", "Azure key", "azure-refuses-gateway"),
        (503, "managed_identity_unavailable", "The gateway has no ...", "Azure key", "managed-identity-unavailable"),
        (404, "DeploymentNotFound", "The API deployment does not exist.", "Azure deployment", "no-deployment"),
        (400, "OperationNotSupported", "The responses operation ...", "Azure deployment", "wrong-kind"),
        (400, "BadRequest", "API version not supported", "API version", "api-version"),
        (404, "404", "Resource not found", "API version", "no-such-path"),
        (400, "content_filter", "The response was filtered", "Azure", "azure-other"),
        (401, "invalid_api_key", "Incorrect API key provided.", "key", "invalid-api-key"),
        (404, "model_not_found", "The model 'x' does not exist here", "project", "model-not-found"),
        (429, "rate_limit_exceeded", "The project 'p' has reached its limit", "quota", "project-limit"),
        (429, "rate_limit_exceeded", "Azure OpenAI is rate limited.", "quota", "azure-quota"),
        (429, "rate_limit_exceeded", "Azure OpenAI's quota of 'm' is used up", "quota", "azure-quota"),
        (503, "upstream_unavailable", "Azure OpenAI could not answer (500: status).", "Azure", "azure-failed"),
        (503, "upstream_unavailable", "Azure OpenAI could not answer (504: TimeoutError).", "Azure", "azure-timeout"),
        (503, "upstream_unavailable", "... (502: ClientConnectorDNSError).", "Azure", "azure-unreachable"),
        (503, "conversation_unavailable", "This conversation belongs to ...", "Azure", "conversation-unavailable"),
        (503, "translation_unavailable", "LiteLLM does not answer.", "LiteLLM", "translation-unavailable"),
        (502, "translation_failed", "LiteLLM could not translate", "LiteLLM", "translation-failed"),
        (400, "translation_refused", "LiteLLM cannot translate", "LiteLLM", "translation-refused"),
        (503, "overloaded", "Too many bodies", "gateway", "overloaded"),
        (503, "shutting_down", "This replica ends", "gateway", "shutting-down"),
        (500, "internal_error", "The gateway failed.", "gateway", "internal-error"),
    ],
)
def test_each_refusal_has_its_layer(
    target: Target, status: int, code: str, message: str, layer: str, advice: str
) -> None:
    found = refused(response(status, {"code": code, "message": message}), context(target)).diagnosis
    assert (found.layer, found.id) == (layer, advice)
    assert found.actions


def test_what_a_command_fills_in_comes_from_the_settings_and_the_response(target: Target) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Azure OpenAI is rate limited."}
    found = refused(response(429, error, **{"retry-after": "7"}), context(target)).diagnosis
    assert found.meaning == "Azure's quota of deployment gpt-5.3-codex is used up; retry after 7 s."
    assert target.deployments[0].endpoints[0] in found.actions[0]


def test_without_a_model_nothing_is_blamed_on_azure(target: Target) -> None:
    error = {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}
    assert refused(response(404, error), context(target, model=None)).diagnosis.id == "not-the-gateway"


def test_the_words_of_a_server_are_no_template(target: Target) -> None:
    found = refused(response(400, {"code": "x", "message": "{project} {0} {"}), context(target))
    assert "{project} {0} {" in found.diagnosis.meaning


def test_a_time_to_wait_is_short_and_has_no_escapes(target: Target) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Azure OpenAI is rate limited."}
    found = refused(response(429, error, **{"retry-after": f"\x9b31m{'9' * 5000}"}), context(target))
    assert found.diagnosis.meaning.isprintable()
    assert len(found.diagnosis.meaning) < 300


def test_a_page_without_end_is_quoted_and_no_time_lost(target: Target) -> None:
    page = Response(status=500, headers={}, text="<" * 3_900_000, ms=1.0, first_ms=1.0)
    assert len(quote(page)) <= MAX_QUOTE
    assert refused(page, context(target)).note.startswith("500 <<<")


def test_in_azure_the_commands_name_the_app_and_the_request(target: Target) -> None:
    error = {"code": "upstream_unavailable", "message": "Azure OpenAI could not answer (500: status)."}
    found = refused(response(503, error, **{"x-request-id": "abc123"}), context(target))
    command = (
        f"az containerapp logs show --name {target.container_app} --resource-group {target.resource_group} "
        "--container gateway --tail 300 | grep abc123"
    )
    assert any(command in action for action in found.diagnosis.actions)


def test_in_azure_the_vault_has_the_key(target: Target) -> None:
    found = refused(response(401, {"code": "invalid_api_key", "message": "No."}), context(target))
    command = f"az keyvault secret show --vault-name {target.key_vault} --name gateway-key --query value"
    assert any(command in action for action in found.diagnosis.actions)


def test_the_key_of_azure_has_its_three_names() -> None:
    target = target_in(load_environment(fixed_environments.ENVIRONMENTS / "dev.toml"))
    found = refused(response(502, REFUSED), context(target))
    names = "TF_VAR_azure_openai_api_key (GitHub secret AZURE_OPENAI_API_KEY, vault secret azure-openai-api-key)"
    assert any(names in action for action in found.diagnosis.actions)


def test_without_a_key_its_role_is_checked(target: Target) -> None:
    keyless = replace(target, deployments=tuple(replace(one, azure_keys=()) for one in target.deployments))
    found = refused(response(502, REFUSED), context(keyless))
    assert any("identity has the role Cognitive Services OpenAI User" in action for action in found.diagnosis.actions)


def test_a_request_id_that_is_none_stays_out_of_the_command(target: Target) -> None:
    found = refused(response(500, INTERNAL, **{"x-request-id": "x; rm -rf ~"}), context(target))
    assert not any("rm -rf" in action for action in found.diagnosis.actions)


def test_on_this_machine_no_command_asks_azure(target: Target) -> None:
    here = context(target, base_url="http://127.0.0.1:4000/v1")
    actions = " ".join(refused(response(500, INTERNAL, **{"x-request-id": "abc123"}), here).diagnosis.actions)
    assert "az " not in actions
    assert "request_id abc123 on the terminal of scripts/up.py" in actions


@pytest.mark.parametrize(
    ("model", "words"), [("gpt-5.3-codex", "LiteLLM"), ("text-embedding-3-large", "quota is used up")]
)
def test_a_timeout_names_all_that_it_may_be(target: Target, model: str, words: str) -> None:
    found = not_reached(UnreachableError("timeout", "no answer within 5 s"), context(target, model))
    assert found.diagnosis.layer == "Azure"
    assert words in found.diagnosis.meaning


def test_a_key_is_hidden_however_deep_it_is_quoted() -> None:
    key = 'a-key/with+"quotes"=='
    quoted_once = json.dumps(key)
    hidden = key_pattern(key)
    for text in (key, quoted_once, json.dumps(quoted_once), quoted_once.replace("+", "\\u002B")):
        assert "with" not in hidden.sub("", text)
    assert hidden.sub("", "\\" * 1_000_000).count("\\") == 1_000_000
