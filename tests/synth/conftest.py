"""The stacks of the repository, synthesized once, and those of settings that a test makes up."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from main import synthesize, use_python_node
from settings.loading import environment_files, load_environment, load_environments
from tests.fixed_environments import ENVIRONMENTS, OPTIONAL
from tests.shared import shared_folder
from tests.synth.stack import ROOT, Stack, read_stack

CANARIES = {
    "TF_VAR_gateway_key": "canary-of-the-gateway",
    "TF_VAR_gateway_key_secondary": "canary-of-the-second-key",
    "TF_VAR_azure_openai_api_key": "canary-of-azure",
    "TF_VAR_azure_openai_embeddings_api_key": "canary-of-the-embeddings",
}

use_python_node()  # before a test module imports `constructs`, which starts jsii

Run = Callable[..., subprocess.CompletedProcess[str]]
Synthesize = Callable[[Mapping[str, str]], dict[str, Stack]]


@pytest.fixture(scope="session")
def run_python() -> Run:
    """Python in a process of its own, in the repository's root, with further environment variables."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def synthesized(run_python: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python main.py` writes on a machine that has the secrets at hand."""

    def write(folder: Path) -> None:
        done = run_python("main.py", CDKTF_OUTDIR=str(folder), PYTHONHASHSEED="1", **CANARIES)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr

    return shared_folder(tmp_path_factory, "with_secrets.out", write)


@pytest.fixture(scope="session")
def synthesized_again(run_python: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by another run, into a folder with the stack of an environment that no longer exists."""

    def write(folder: Path) -> None:
        stale = folder / "stacks/aigateway-old/cdk.tf.json"
        stale.parent.mkdir(parents=True)
        stale.write_text("{}", encoding="utf-8")
        done = run_python("main.py", CDKTF_OUTDIR=str(folder), PYTHONHASHSEED="2")
        assert done.returncode == 0, done.stderr

    return shared_folder(tmp_path_factory, "again.out", write)


@pytest.fixture(params=[file.stem for file in environment_files()])
def stack(request: pytest.FixtureRequest, synthesized: Path) -> Stack:
    """The stack of every environment in turn."""
    settings = {file.stem: file for file in environment_files()}[request.param]
    return read_stack(folder=synthesized, settings=load_environment(settings))


@pytest.fixture(params=[file.stem for file in environment_files(ENVIRONMENTS)])
def known_stack(request: pytest.FixtureRequest, known_stacks: Path) -> Stack:
    """The stack of each of tests/environments, which turn nothing on that is off by default."""
    settings = load_environment(ENVIRONMENTS / f"{request.param}.toml")
    return read_stack(folder=known_stacks.parent, settings=settings)


@pytest.fixture(scope="session")
def optional(optional_stacks: Path) -> dict[str, Stack]:
    """The stacks of those environments, by name."""
    settings = [load_environment(file) for file in OPTIONAL]
    return {found.env: read_stack(folder=optional_stacks.parent, settings=found) for found in settings}


@pytest.fixture
def keyless(optional: dict[str, Stack]) -> Stack:
    """Three owned regions, no API key, telemetry."""
    return optional["keyless"]


@pytest.fixture
def complete(optional: dict[str, Stack]) -> Stack:
    """Every part that settings can turn on."""
    return optional["complete"]


@pytest.fixture(params=[file.stem for file in (*environment_files(), *OPTIONAL)])
def any_stack(request: pytest.FixtureRequest, synthesized: Path, optional: dict[str, Stack]) -> Stack:
    """Each of those and of the repository's own in turn."""
    if request.param in optional:
        return optional[request.param]
    settings = {file.stem: file for file in environment_files()}[request.param]
    return read_stack(folder=synthesized, settings=load_environment(settings))


@pytest.fixture
def synthesize_files(tmp_path: Path) -> Synthesize:
    """Stacks of environment files given as name and text."""

    def synthesize_files(files: Mapping[str, str]) -> dict[str, Stack]:
        directory = tmp_path / "environments"
        directory.mkdir()
        for name, text in files.items():
            (directory / name).write_text(text, encoding="utf-8")
        environments = load_environments(directory)
        synthesize(environments, outdir=tmp_path / "out")
        return {found.env: read_stack(folder=tmp_path / "out", settings=found) for found in environments}

    return synthesize_files
