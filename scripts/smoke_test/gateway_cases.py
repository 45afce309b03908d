"""What the gateway refuses itself, in the words of gateway/runtime/errors.py. The first case that fits is the one."""

from __future__ import annotations

import re

from scripts.smoke_test.cases import Case
from scripts.smoke_test.diagnosis import FIELDS, LOG

GATEWAY = (
    Case(
        layer="key",
        status={401},
        code={"invalid_api_key"},
        meaning="The gateway does not know this key.",
        look_at=(
            "the key that was sent, which must be that of project {project} in {env}: {gateway_key}",
            "when it was changed: what is new in the vault reaches the gateway within 30 minutes",
        ),
    ),
    Case(
        layer="project",
        status={404},
        code={"model_not_found"},
        meaning="The gateway has no model {model}, or the project of this key may not use it.",
        look_at=(
            (
                "whose key it is: the settings of {env} promise the model to project {project} (`[projects.{project}] "
                "models`)"
            ),
            "whether these settings are the deployed ones: the revision may be older than this checkout",
        ),
    ),
    Case(
        layer="quota",
        status={429},
        says=re.compile(r"^The project '"),
        meaning="The project's own limit is used up: {said} Free in {after} s.",
        look_at=(
            (
                "`[projects.{project}]` of the settings of {env}: requests_per_minute, tokens_per_minute, parallel_"
                "requests"
            ),
        ),
    ),
    Case(
        layer="quota",
        status={429},
        meaning="Azure's quota of deployment {deployment} is used up; it asks to wait {after} s.",
        look_at=(
            "tokens and requests per minute of {deployment} in Azure AI Foundry, Deployments of {endpoint}",
            "who else uses that deployment",
            f"{FIELDS}; `queued_ms` is how long an embedding waited",
        ),
    ),
    Case(
        layer="LiteLLM",
        code={"translation_unavailable", "translation_failed", "translation_refused"},
        meaning="LiteLLM, which translates this request, does not do its part: {said}",
        look_at=(
            "container litellm: does it run, was it restarted? {litellm_log}",
            "its memory: `[containers.litellm]` of the settings, and restarts in {system_log}",
            f"{LOG}; `litellm_ms` is LiteLLM's share",
        ),
    ),
    Case(
        layer="Azure",
        code={"upstream_unavailable"},
        says=re.compile(r"\(\d+: ClientConnector(DNS|Certificate|SSL)?Error\)"),
        meaning="The gateway gets no connection to {endpoint}: its name does not resolve, or it is shut off. {said}",
        look_at=(
            "`endpoint` in the settings of {env} (`[azure_openai]`, `[[upstreams]]`)",
            "network rules of the resource, and its private endpoint",
            FIELDS,
        ),
    ),
    Case(
        layer="Azure",
        code={"upstream_unavailable"},
        says=re.compile(r"\(504: "),
        meaning="Azure OpenAI does not answer in time. {said}",
        look_at=("the service health of the region of {endpoint}", "`[timeouts]` of the settings of {env}", FIELDS),
    ),
    Case(
        layer="Azure",
        code={"upstream_unavailable", "conversation_unavailable"},
        meaning="Azure OpenAI fails. {said}",
        look_at=("the service health of the region of {endpoint}", FIELDS),
    ),
    Case(
        layer="gateway",
        code={"overloaded", "shutting_down"},
        meaning="The gateway's replica takes no more requests now: {said}",
        look_at=("{revisions}", "`[scale]` of the settings of {env}", LOG),
    ),
    Case(
        layer="gateway",
        code={"internal_error"},
        meaning="The gateway itself failed.",
        look_at=(f"{LOG}; its field `error` names the place",),
    ),
)
