"""Comments in a silent stream: the `openai` SDK ignores them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from local.runner.session import Session, run

from .azure_regions import NO_TLS
from .conftest import Client
from .stacks import changed
from .surfaces import SURFACES, Surface, by_surface

_PROMPT = "count to 4, pace 4"


@pytest.fixture(scope="module")
def commenting(
    request: pytest.FixtureRequest,
    regions: Session,
    regions_stack: Path,
    regions_secrets: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """A replica that comments on silences far shorter than those between paced events."""
    file = tmp_path_factory.mktemp("commenting") / "cdk.tf.json"
    needed = any(item.get_closest_marker("litellm") for item in request.session.items)
    with run(
        stack=changed(regions_stack, file=file, timeouts={"keep_alive_s": 0.1}),
        environ={},
        upstreams={name: emulator.url for name, emulator in regions.emulators.items()},
        secrets=regions_secrets,
        litellm="ready" if needed else "absent",
    ) as session:
        yield session


@by_surface(*(surface for surface in SURFACES if surface.streamed))
def test_the_sdk_reads_the_whole_answer_around_the_comments(
    commenting: Session, client_of: Callable[[Session], Client], surface: Surface
) -> None:
    received: list[str] = []
    assert surface.call(client_of(commenting).sdk, surface.model, _PROMPT, received)
    assert "".join(received).split() == ["1", "2", "3", "4"]
    headers = {"authorization": f"Bearer {commenting.key}"}
    url = f"{commenting.base_url}/{surface.route}"
    body = surface.body(_PROMPT)
    stream = httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False, verify=NO_TLS).text
    assert "\n\n: keep-alive\n\n" in stream
