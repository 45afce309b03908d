"""What Azure OpenAI refuses, which the gateway hands on as it came. The first case that fits is the one."""

from __future__ import annotations

import re

from scripts.smoke_test.cases import Case
from scripts.smoke_test.diagnosis import FIELDS

AZURE = (
    Case(
        layer="Azure key",
        code={"AuthenticationTypeDisabled"},
        meaning="{endpoint} takes no keys at all: key based authentication is disabled there.",
        look_at=("the resource's `disableLocalAuth`, which must be false for a gateway with keys",),
    ),
    Case(
        layer="Azure",
        status={403},
        says=re.compile(r"virtual network|firewall|traffic denied|public access", re.IGNORECASE),
        meaning="The network rules of {endpoint} keep the gateway out: {said}",
        look_at=("the resource's Networking page: the outbound addresses of the Container Apps environment",),
    ),
    Case(
        layer="Azure key",
        status={401, 403},
        meaning="Azure OpenAI at {endpoint} refuses the gateway's key: it is wrong, or of another resource.",
        look_at=(
            "{azure_key}",
            "that `endpoint` in the settings of {env} is the resource of that key",
            "a changed Terraform variable reaches the vault when `secrets_version` in the settings is raised",
            FIELDS,
        ),
    ),
    Case(
        layer="Azure deployment",
        code={"DeploymentNotFound"},
        meaning="There is no deployment {deployment} at {endpoint}.",
        look_at=(
            "`deployment` in {table} of the settings of {env}",
            "Azure AI Foundry, Deployments of that resource; a new one takes up to 5 minutes",
            FIELDS,
        ),
    ),
    Case(
        layer="Azure deployment",
        code={"OperationNotSupported"},
        meaning="Deployment {deployment} is a model of another kind, without this API: {said}",
        look_at=(
            "which model is behind deployment {deployment} in Azure AI Foundry",
            "`deployment` in {table} of the settings of {env}",
        ),
    ),
    Case(
        layer="API version",
        status={400, 404},
        says=re.compile(r"api.?version", re.IGNORECASE),
        meaning="Azure OpenAI at {endpoint} does not know API version {api_version} for this call.",
        look_at=("`api_version` in {table} of the settings of {env}", FIELDS),
    ),
    Case(
        layer="API version",
        status={404},
        code={"404"},
        meaning="Azure knows no such address: API version {api_version} is wrong for this call, or {endpoint} is no "
        "Azure OpenAI resource. Its answer does not tell which.",
        look_at=("`api_version` in {table} of the settings of {env}", "`endpoint` there", FIELDS),
    ),
    Case(
        layer="Azure",
        meaning="Azure OpenAI refused the request, or failed: {said}",
        look_at=("{base_url} answered {status}; what Azure said is in quotes above", FIELDS),
    ),
)
