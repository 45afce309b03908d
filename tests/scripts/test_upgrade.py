"""The upgrade of LiteLLM: from a tag to a digest, a lock, the gateway's tests, the settings."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts import upgrade
from scripts.cli.error_handling import ScriptError
from scripts.setup.prepare import LOCKS
from scripts.setup.registry import digest_of
from settings.image import DEFAULT_IMAGE

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "ab" * 32
INDEX = "application/vnd.oci.image.index.v1+json"
TOKEN = "for-everybody"


class Registry(ThreadingHTTPServer):
    """A container registry as the network shows it; `spoil` is what it does wrong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spoil = ""
        self.asked: list[tuple[str, str]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Knows one image with two tags, and wants a token that it gives to anybody who names the scope."""

    server: Registry

    def do_HEAD(self) -> None:
        self.server.asked.append(("HEAD", self.path))
        if self.server.spoil == "broken":
            return self.answer(503)
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            challenge = f'Bearer realm="http://{self.server.host}/token",service="here",scope="repository:a/b:pull"'
            return self.answer(401, **({} if self.server.spoil == "no challenge" else {"www-authenticate": challenge}))
        if self.path not in ("/v2/berriai/litellm/manifests/v1.106.2", "/v2/berriai/litellm/manifests/v1.999.0"):
            return self.answer(404)
        assert INDEX in self.headers["accept"]
        return self.answer(200, **({} if self.server.spoil == "no digest" else {"docker-content-digest": DIGEST}))

    def do_GET(self) -> None:
        self.server.asked.append(("GET", self.path))
        if self.server.spoil == "private":
            return self.answer(403)
        assert self.path == "/token?service=here&scope=repository%3Aa%2Fb%3Apull"
        return self.answer(200, {"token": TOKEN})

    def answer(self, status: int, body: object = None, /, **headers: str) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as its base has it
        """Nothing of it belongs into the tests' output."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as registry:
        thread = threading.Thread(target=registry.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield registry
        registry.shutdown()
        thread.join()


def run(*arguments: str, tests: str = "nothing has this name", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person does, with those of the gateway's tests that pytest is told by its own variable."""
    return subprocess.run(
        [getattr(sys, "_base_executable", sys.executable), "scripts/upgrade.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": f"-k '{tests}' -p no:cacheprovider", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_tag_is_a_digest(registry: Registry) -> None:
    assert digest_of(f"{registry.host}/berriai/litellm", "v1.106.2") == DIGEST
    assert [method for method, _ in registry.asked] == ["HEAD", "GET", "HEAD"]


@pytest.mark.parametrize(
    ("spoil", "tag", "message"),
    [
        ("", "v1.106.3", "berriai/litellm has no tag v1.106.3"),
        ("private", "v1.106.2", "berriai/litellm cannot be read without a login"),
        ("no challenge", "v1.106.2", "berriai/litellm cannot be read without a login"),
        ("no digest", "v1.106.2", "answered 200 and no digest for .*:v1.106.2"),
        ("broken", "v1.106.2", "answered 503 and no digest(.|\n)*--digest sha256:"),
    ],
)
def test_what_the_registry_does_not_tell_is_said(registry: Registry, spoil: str, tag: str, message: str) -> None:
    registry.spoil = spoil
    with pytest.raises(ScriptError, match=message):
        digest_of(f"{registry.host}/berriai/litellm", tag)


def test_without_a_network_a_digest_can_be_given() -> None:
    with pytest.raises(ScriptError, match=r"127.0.0.1:9 cannot be reached \(ConnectError(.|\n)*--digest sha256:"):
        digest_of("127.0.0.1:9/berriai/litellm", "v1.106.2")


def test_a_version_that_passes_is_told(registry: Registry) -> None:
    repository = f"{registry.host}/berriai/litellm"
    settings = upgrade.SETTINGS.read_bytes()

    done = run("v1.106.2", "--repository", repository, tests="a_plain_answer")

    assert done.returncode == 0, done.stderr
    assert f'image = "{repository}:v1.106.2@{DIGEST}"' in done.stdout
    assert "1 passed" in done.stdout
    assert upgrade.SETTINGS.read_bytes() == settings


def test_a_version_that_fails_is_not_written() -> None:
    settings = upgrade.SETTINGS.read_bytes()

    done = run("v1.106.2", "--digest", DIGEST, "--write")

    assert done.returncode == 1
    assert "The gateway's tests failed with LiteLLM 1.106.2" in done.stderr
    assert "The settings are as they were" in done.stderr
    assert upgrade.SETTINGS.read_bytes() == settings


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["v1.83.8"], 2, r"v1\.83\.8 must be a version of LiteLLM that is safe to run.*PYSEC-2026-4070"),
        (["main-latest"], 2, "main-latest does not tell LiteLLM's version"),
        (["v1.106.2", "--digest", "sha256:ab"], 2, "64 hexadecimal digits"),
        (["v1.106.2", "--repository", "litellm"], 2, "does not begin with the registry's host"),
        (["v1/106"], 2, "no tag of an image"),
        (["v1.106.2", "--repository", "127.0.0.1:9/litellm"], 1, "cannot be reached"),
        (["v1.999.0", "--digest", DIGEST], 1, r"(?s)LiteLLM 1\.999\.0 cannot be locked:\n\n.*litellm"),
    ],
)
def test_a_mistake_is_a_message(arguments: list[str], code: int, message: str) -> None:
    locks = sorted(LOCKS.iterdir())

    done = run(*arguments)

    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert re.search(message, done.stderr)
    assert sorted(LOCKS.iterdir()) == locks


def test_the_default_is_written_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "image.py"
    settings.write_bytes(upgrade.SETTINGS.read_bytes())
    monkeypatch.setattr(upgrade, "SETTINGS", settings)
    monkeypatch.setattr(upgrade, "ROOT", tmp_path)
    image = f"ghcr.io/berriai/litellm:v1.106.2@{DIGEST}"

    assert upgrade.default_image() == DEFAULT_IMAGE
    upgrade.tell(image, write=True)

    assert upgrade.default_image() == image
    assert settings.read_text().replace(image, DEFAULT_IMAGE) == (ROOT / "settings/image.py").read_text()
