"""The upgrade of LiteLLM: from a tag to a digest, a lock, the gateway's tests, the settings."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts import test, upgrade
from scripts.cli.error_handling import ScriptError
from scripts.setup.container_registry import digest_of
from scripts.setup.prepare import LOCKS
from settings.image import DEFAULT_IMAGE

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "ab" * 32
INDEX = "application/vnd.oci.image.index.v1+json"
TOKEN = "anonymous"


class Registry(ThreadingHTTPServer):
    """A container registry; `spoil` is what it does wrong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spoil = ""
        self.requests: list[tuple[str, str]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Has one image with two tags, and requires a token that it gives to anyone for the right scope."""

    server: Registry

    def do_HEAD(self) -> None:
        self.server.requests.append(("HEAD", self.path))
        if self.server.spoil == "broken":
            return self.answer(503)
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            challenge = f'Bearer realm="http://{self.server.host}/token",service="here",scope="repository:a/b:pull"'
            return self.answer(401, **({} if self.server.spoil == "no challenge" else {"www-authenticate": challenge}))
        if self.path not in ("/v2/berriai/litellm/manifests/v1.108.7", "/v2/berriai/litellm/manifests/v1.999.0"):
            return self.answer(404)
        assert INDEX in self.headers["accept"]
        return self.answer(200, **({} if self.server.spoil == "no digest" else {"docker-content-digest": DIGEST}))

    def do_GET(self) -> None:
        self.server.requests.append(("GET", self.path))
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


@dataclass(kw_only=True)
class Upgrade:
    """The script in this process, without installing and testing; `fails` is what the gateway's tests end with."""

    settings: Path
    tests: list[str] = field(default_factory=list)
    fails: ScriptError | None = None

    def run(self, *arguments: str) -> None:
        """Call `main` as the script is called."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["upgrade.py", *arguments])
            patch.setattr(upgrade, "prepare", lambda **_: None)
            patch.setattr(test, "pytest", self._pytest)
            patch.setattr(upgrade, "SETTINGS", self.settings)
            patch.setattr(upgrade, "ROOT", self.settings.parent)
            upgrade.main()

    def _pytest(self, arguments: list[str]) -> None:
        self.tests = arguments
        if self.fails:
            raise self.fails


@pytest.fixture
def script(tmp_path: Path) -> Upgrade:
    """With a copy of the settings."""
    settings = tmp_path / "image.py"
    settings.write_bytes(upgrade.SETTINGS.read_bytes())
    return Upgrade(settings=settings)


def test_a_tag_is_a_digest(registry: Registry) -> None:
    assert digest_of(f"{registry.host}/berriai/litellm", "v1.108.7") == DIGEST
    assert [method for method, _ in registry.requests] == ["HEAD", "GET", "HEAD"]


@pytest.mark.parametrize(
    ("spoil", "tag", "message"),
    [
        ("", "v1.106.3", "berriai/litellm has no tag v1.106.3"),
        ("private", "v1.108.7", "berriai/litellm cannot be read without a login"),
        ("no challenge", "v1.108.7", "berriai/litellm cannot be read without a login"),
        ("no digest", "v1.108.7", "answered 200 and no digest for .*:v1.108.7"),
        ("broken", "v1.108.7", "answered 503 and no digest(.|\n)*--digest sha256:"),
    ],
)
def test_a_digest_that_cannot_be_had_is_a_message(registry: Registry, spoil: str, tag: str, message: str) -> None:
    registry.spoil = spoil
    with pytest.raises(ScriptError, match=message):
        digest_of(f"{registry.host}/berriai/litellm", tag)


def test_without_a_network_a_digest_can_be_given() -> None:
    with pytest.raises(ScriptError, match=r"127.0.0.1:9 cannot be reached \(ConnectError(.|\n)*--digest sha256:"):
        digest_of("127.0.0.1:9/berriai/litellm", "v1.108.7")


def test_a_passing_version_is_printed(script: Upgrade, registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    repository = f"{registry.host}/berriai/litellm"
    script.run("v1.108.7", "--repository", repository)
    assert f'image = "{repository}:v1.108.7@{DIGEST}"' in capsys.readouterr().out
    assert script.tests[-2:] == ["--litellm", "1.108.7"]
    assert script.settings.read_bytes() == upgrade.SETTINGS.read_bytes()


def test_a_version_that_fails_is_not_written(script: Upgrade) -> None:
    script.fails = ScriptError("pytest ended with exit code 1")
    with pytest.raises(ScriptError, match=r"tests failed with LiteLLM 1\.108\.7 (.|\n)*settings are unchanged"):
        script.run("v1.108.7", "--digest", DIGEST, "--write")
    assert script.settings.read_bytes() == upgrade.SETTINGS.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["v1.108.7", "--digest", "sha256:ab"], "64 hexadecimal digits"),
        (["v1.108.7", "--repository", "litellm"], "does not begin with the host of the registry"),
        (["v1/108"], "no tag of an image"),
    ],
)
def test_a_mistake_in_the_options_is_a_message(
    script: Upgrade, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        script.run(*arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["v1.83.8"], 2, r"v1\.83\.8 must be a version of LiteLLM that is safe to run.*PYSEC-2026-4070"),
        (["main-latest"], 2, "main-latest does not name a version of LiteLLM"),
        (["v1.108.7", "--repository", "127.0.0.1:9/litellm"], 1, "cannot be reached"),
        (["v1.999.0", "--digest", DIGEST], 1, r"(?s)LiteLLM 1\.999\.0 cannot be locked:\n\n.*litellm"),
    ],
)
def test_a_version_that_cannot_be_used_is_a_message(
    script: Upgrade, arguments: list[str], code: int, message: str
) -> None:
    locks = sorted(LOCKS.iterdir())
    with pytest.raises(ScriptError, match=message) as failure:
        script.run(*arguments)
    assert failure.value.code == code
    assert script.tests == []
    assert sorted(LOCKS.iterdir()) == locks


@pytest.mark.full
def test_the_gateways_tests_run_with_the_version() -> None:
    """One of them, chosen by pytest's own variable, with the LiteLLM that is installed for it."""
    ran = subprocess.run(
        [sys.executable, "scripts/upgrade.py", "v1.108.7", "--digest", DIGEST],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": "-k a_plain_answer -p no:cacheprovider"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert " passed" in ran.stdout
    assert f"v1.108.7@{DIGEST}" in ran.stdout


def test_the_default_is_written_where_it_stands(script: Upgrade, capsys: pytest.CaptureFixture[str]) -> None:
    script.run("v1.108.7", "--digest", DIGEST, "--write")
    image = f"{DEFAULT_IMAGE.rpartition(':v')[0]}:v1.108.7@{DIGEST}"
    text = upgrade.SETTINGS.read_text(encoding="utf-8")
    assert upgrade.default_image() == DEFAULT_IMAGE
    assert script.settings.read_text(encoding="utf-8") == text.replace(DEFAULT_IMAGE, image)
    assert image in capsys.readouterr().out
