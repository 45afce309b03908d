"""The gateway as its container starts it."""

import asyncio
import base64
import hashlib
import sys

import pytest

from gateway.runtime.__main__ import main, new_event_loop

from .conftest import let_others_run, read_log
from .test_configuration import ENVIRON

pytestmark = pytest.mark.anyio


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not exist for it")
def test_its_event_loop_is_uvloops() -> None:
    loop = new_event_loop()
    loop.close()
    assert type(loop).__module__ == "uvloop"


async def test_the_first_line_says_which_source_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = base64.b64encode(b"an archive").decode()
    environ = ENVIRON | {"HOST": "127.0.0.1", "PORT": "0", "GATEWAY_SOURCE": archive}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    gateway = asyncio.create_task(main())
    await let_others_run()
    gateway.cancel()
    await asyncio.wait([gateway])
    (line,) = read_log(capsys)
    assert (line["event"], line["source"]) == ("started", hashlib.sha256(b"an archive").hexdigest()[:16])
