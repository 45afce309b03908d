"""What Azure OpenAI does wrong, through the real gateway: each has its layer. LiteLLM does not run."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.runner.session import Session, run
from scripts.smoke_test.checks import checks_of
from scripts.smoke_test.diagnosis import Context, Diagnosis
from scripts.smoke_test.http import connect
from scripts.smoke_test.report import Report
from scripts.smoke_test.run import run_checks
from scripts.smoke_test.target import Target, target_in
from settings.loading import load_environment
from settings.secret_names import azure_key
from tests.gateway.whole.stacks import ENVIRONMENTS
from tests.smoke.azure import KEY, Azure

MODELS = ("gpt-5.3-codex", "text-embedding-3-large")
OF_AZURE = ["responses", "responses, streamed", "embeddings"]
OF_CODEX = OF_AZURE[:2]


@dataclass(frozen=True)
class Gateway:
    """A running gateway, and what is tested of it."""

    session: Session
    target: Target

    def test(self, *, project: str = "team", translated: bool = False) -> Report:
        """Run every check; those that LiteLLM translates only if asked."""
        return asyncio.run(self._test(key=self.session.keys[project][0], translated=translated))

    async def _test(self, *, key: str, translated: bool) -> Report:
        url = self.session.base_url
        checks = [
            check for check in checks_of(self.target, key=key) if translated or check.request.path != "chat/completions"
        ]
        async with connect(url, key=key, timeout_s=20.0) as client:
            results = await run_checks(checks, client=client, context=Context(base_url=url, target=self.target))
        report = Report(base_url=url, env="regions", project="team", results=tuple(results))
        for secret in (KEY, key):
            assert secret not in json.dumps(report.as_json()) + report.text() + report.markdown()
        return report


@pytest.fixture(scope="module")
def azure() -> Iterator[Azure]:
    """All three regions of the gateway."""
    with Azure() as azure:
        yield azure


@pytest.fixture(scope="module")
def _gateway(regions_stack: Path, azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings = load_environment(ENVIRONMENTS / "regions.toml")
    target = target_in(settings)
    deployments = tuple(deployment for deployment in target.deployments if deployment.model.name in MODELS)
    names = [upstream.name for upstream in settings.all_upstreams]
    with run(
        stack=regions_stack,
        environ={azure_key(name).environ: KEY for name in names},
        upstreams=dict.fromkeys(names, azure.url),
        secrets=tmp_path_factory.mktemp("secrets") / "secrets.json",
        litellm="absent",
    ) as session:
        yield Gateway(session, replace(target, deployments=deployments))


@pytest.fixture
def gateway(_gateway: Gateway, azure: Azure) -> Gateway:
    """The gateway in front of a resource that answers well."""
    azure.configure()
    for _ in range(100):  # until the circuit breakers of the last test have closed
        if _gateway.test().passed:
            return _gateway
    raise AssertionError(_gateway.session.output())


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
    lines = [json.loads(line) for line in gateway.session.output().splitlines() if request_id in line]
    assert [(line["route"], line["status"]) for line in lines] == [("responses", 503)]


def test_a_limit_of_the_project(gateway: Gateway) -> None:
    for _ in range(5):  # 10 requests a minute are allowed
        report = gateway.test(project="small")
    assert layers(report) == dict.fromkeys(["unknown model", *OF_AZURE], "quota")
    assert {found.id for found in report.diagnoses} == {"project-limit"}


def test_without_litellm_only_translated_chat_fails(gateway: Gateway) -> None:
    report = gateway.test(translated=True)
    assert layers(report) == {"chat completions": "LiteLLM"}
