"""The target, and a stub of its gateway."""

from collections.abc import Callable

import pytest

from scripts.smoke_test import Report, Target, target_of
from scripts.smoke_test.run import run_async
from tests.smoke.stub_gateway import KEY, StubGateway, listening
from tests.virtual_time import run as in_virtual_time

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(scope="session")
def target() -> Target:
    """The first project of dev."""
    return target_of("dev")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub() -> StubGateway:
    """A gateway that answers well."""
    return StubGateway()


@pytest.fixture
def tested(stub: StubGateway, target: Target) -> Callable[..., Report]:
    """Test the stub; the key is in no report."""

    async def run(*, wait_s: float, timeout_s: float) -> Report:
        async with listening(stub) as origin:
            return await run_async(
                base_url=origin, key=KEY, target=target, wait_s=wait_s, timeout_s=timeout_s, progress=print
            )

    def tested(*, wait_s: float = 0.0, timeout_s: float = 20.0) -> Report:
        report = in_virtual_time(run(wait_s=wait_s, timeout_s=timeout_s))
        assert KEY not in str(report.as_json()) + report.markdown() + report.text()
        return report

    return tested
