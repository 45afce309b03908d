"""What Azure OpenAI does wrong, through the real gateway: each has its layer. LiteLLM does not run."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.runner.image import find_image
from local.runner.network import HOST, free_port, wait_until_ready
from local.runner.processes import Process, start
from local.runner.stack import read_stack
from scripts.smoke_test.checks import checks_of
from scripts.smoke_test.diagnosis import Context, Diagnosis
from scripts.smoke_test.http import connect
from scripts.smoke_test.report import Report
from scripts.smoke_test.run import run_checks
from scripts.smoke_test.target import Target, target_in
from settings.loading import load_environment
from tests.gateway.whole.stacks import ENVIRONMENTS
from tests.smoke.azure import KEY, Azure

CLIENT_KEY, LIMITED_KEY = "a-key-of-the-project", "a-key-of-a-limited-project"
MODELS = ("gpt-5.3-codex", "text-embedding-3-large")
OF_AZURE = ["responses", "responses, streamed", "embeddings"]
OF_CODEX = OF_AZURE[:2]


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    url: str
    process: Process
    target: Target

    def test(self, *, key: str = CLIENT_KEY, translated: bool = False) -> Report:
        """Run every check; those that LiteLLM translates only if asked."""
        return asyncio.run(self._test(key=key, translated=translated))

    async def _test(self, *, key: str, translated: bool) -> Report:
        checks = [
            check for check in checks_of(self.target, key=key) if translated or check.request.path != "chat/completions"
        ]
        async with connect(self.url, key=key, timeout_s=20.0) as client:
            context = Context(base_url=self.url, target=self.target)
            results = await run_checks(checks, client=client, context=context)
        report = Report(base_url=self.url, env="regions", project="team", results=tuple(results))
        for secret in (KEY, key):
            assert secret not in json.dumps(report.as_json()) + report.text() + report.markdown()
        return report


@pytest.fixture(scope="module")
def azure() -> Iterator[Azure]:
    """All three regions of the gateway."""
    with Azure() as azure:
        yield azure


@pytest.fixture(scope="module")
def _gateway(regions_stack: Path, azure: Azure) -> Iterator[Gateway]:
    stack, port = read_stack(regions_stack), free_port(0)
    values = {name: f"{CLIENT_KEY}-of-{name}" for name in stack.variables}
    values |= {str(stack.gateway.secrets[upstream.key_env].variable): KEY for upstream in stack.upstreams}
    for project, key in (("team", CLIENT_KEY), ("small", LIMITED_KEY)):
        (names,) = (each["key_envs"] for each in stack.projects if each["name"] == project)
        values[str(stack.gateway.secrets[names[0]].variable)] = key
    env = {
        **stack.gateway.env,
        **{name: secret.resolve(values) for name, secret in stack.gateway.secrets.items()},
        **{upstream.endpoint_env: azure.url for upstream in stack.upstreams},
        "HOST": HOST,
        "PORT": str(port),
        "LITELLM_URL": f"http://{HOST}:{free_port(0)}",
    }
    target = target_in(load_environment(ENVIRONMENTS / "regions.toml"))
    models = tuple(deployment for deployment in target.deployments if deployment.model.name in MODELS)
    target = replace(target, deployments=models)
    with start("gateway", stack.gateway.command, env=env, programs=find_image(stack.gateway.image)) as process:
        wait_until_ready(f"http://{HOST}:{port}{stack.gateway.readiness}", process)
        yield Gateway(f"http://{HOST}:{port}/v1", process, target)


@pytest.fixture
def gateway(_gateway: Gateway, azure: Azure) -> Gateway:
    """The gateway in front of a resource that answers well."""
    azure.configure()
    for _ in range(100):  # until the circuit breakers of the last test have closed
        if _gateway.test().passed:
            return _gateway
    raise AssertionError(_gateway.process.output())


def layers(report: Report) -> dict[str, str]:
    """The layer of each check that failed."""
    return {result.check: result.diagnosis.layer for result in report.results if result.diagnosis}


def diagnosis(report: Report) -> Diagnosis:
    """The only one."""
    (found,) = report.diagnoses
    return found


def test_a_wrong_key_of_azure(gateway: Gateway, azure: Azure) -> None:
    azure.configure(key="another")
    assert layers(gateway.test()) == dict.fromkeys(OF_AZURE, "Azure key")


@pytest.mark.parametrize(
    ("configuration", "checks", "advice"),
    [
        ({"responses": {"other": "2025-04-01-preview"}}, OF_CODEX, "no-deployment"),
        ({"responses": {}, "chat": {"gpt-5.3-codex": "2024-10-21"}}, OF_CODEX, "wrong-kind"),
        ({"responses": {"gpt-5.3-codex": "2025-03-01-preview"}}, OF_CODEX, "api-version"),
        ({"embeddings": {"text-embedding-3-large": {"api_version": "2024-10-21"}}}, ["embeddings"], "no-such-path"),
        ({"embeddings": {"text-embedding-3-large": {"dimension": 1536}}}, ["embeddings"], "wrong-dimension"),
    ],
)
def test_a_resource_that_is_not_what_the_settings_say(
    gateway: Gateway, azure: Azure, configuration: dict[str, Any], checks: list[str], advice: str
) -> None:
    azure.configure(**configuration)
    report = gateway.test()
    assert list(layers(report)) == checks
    assert diagnosis(report).id == advice


def test_a_quota_that_is_used_up(gateway: Gateway, azure: Azure) -> None:
    azure.limit(requests_per_minute=0)
    report = gateway.test()
    assert layers(report) == dict.fromkeys(OF_AZURE, "quota")
    assert re.search(r"quota of deployment gpt-5.3-codex is used up; retry after \d+ s\.", report.diagnoses[0].meaning)


@pytest.mark.parametrize(
    ("fault", "advice", "words"),
    [("500", "azure-failed", "(500: status)"), ("hang_before_headers", "azure-timeout", "(504: ")],
)
def test_azure_fails(gateway: Gateway, azure: Azure, fault: str, advice: str, words: str) -> None:
    azure.fail(fault, match='"stream":true')
    report = gateway.test()
    assert layers(report) == {"responses, streamed": "Azure"}
    assert diagnosis(report).id == advice
    assert words in diagnosis(report).meaning


def test_azure_does_not_listen(gateway: Gateway, azure: Azure) -> None:
    azure.stop()
    report = gateway.test()
    assert layers(report) == dict.fromkeys(OF_AZURE, "Azure")
    assert {found.id for found in report.diagnoses} == {"azure-unreachable"}


def test_a_stream_that_azure_cuts(gateway: Gateway, azure: Azure) -> None:
    azure.fail("cut_mid_stream", surface="responses", match='"stream":true')
    report = gateway.test()
    assert layers(report) == {"responses, streamed": "Azure"}
    assert [result.note for result in report.results if result.diagnosis] == ["breaks off: upstream_interrupted"]


def test_the_access_log_has_the_line_that_is_named(gateway: Gateway, azure: Azure) -> None:
    azure.fail("500", surface="responses")
    (request_id,) = re.findall(r"request_id (\w+)", " ".join(diagnosis(gateway.test()).actions))
    lines = [json.loads(line) for line in gateway.process.output().splitlines() if request_id in line]
    assert [(line["route"], line["status"]) for line in lines] == [("responses", 503)]


def test_a_limit_of_the_project(gateway: Gateway) -> None:
    for _ in range(5):  # 10 requests a minute are allowed
        report = gateway.test(key=LIMITED_KEY)
    assert layers(report) == dict.fromkeys(OF_AZURE, "quota")
    assert {found.id for found in report.diagnoses} == {"project-limit"}


def test_without_litellm_only_translated_chat_fails(gateway: Gateway) -> None:
    report = gateway.test(translated=True)
    assert layers(report) == {"chat completions": "LiteLLM"}
