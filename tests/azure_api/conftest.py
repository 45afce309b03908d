"""The imitation of Azure, environments in it, and the provider, without which tests are skipped."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from local.azure_api.server import AzureAPI, serving
from scripts.mirror import PROVIDERS
from scripts.setup.prepare import prepare
from tests.azure_api.environment import ORIGINAL, Environment
from tests.azure_api.synthesis import Patch, synthesize
from tests.delivery.checkout import FOREIGN
from tests.delivery.conftest import terraform

__all__ = ["terraform"]

MakeEnvironment = Callable[[Path, Mapping[str, Patch]], Environment]
_NO_PROVIDER = (
    "needs the azurerm provider: run scripts/mirror.py, or name the folder of a mirror in TF_PLUGIN_MIRROR, or a "
    "configuration of Terraform in TF_CLI_CONFIG_FILE"
)


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The variables with which Terraform finds the provider without its registry."""
    folder = Path(os.environ.get("TF_PLUGIN_MIRROR") or PROVIDERS).absolute()
    if not folder.is_dir():
        configuration = os.environ.get("TF_CLI_CONFIG_FILE", "")
        if Path(configuration).is_file():
            return {"TF_CLI_CONFIG_FILE": configuration}
        pytest.skip(_NO_PROVIDER)
    file = tmp_path_factory.mktemp("terraform") / "terraform.tfrc"
    text = f"provider_installation {{ filesystem_mirror {{ path = {json.dumps(str(folder))} }} }}\n"
    file.write_text(text, encoding="utf-8")
    return {"TF_CLI_CONFIG_FILE": str(file)}


@pytest.fixture
def api() -> Iterator[AzureAPI]:
    """One for each test: several deploy dev, and a deleted vault keeps its name."""
    with serving() as api:
        yield api


@pytest.fixture
def make_environment(
    api: AzureAPI,
    provider: Mapping[str, str],
    terraform: Path,
    synthesis_environ: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeEnvironment:
    """An environment of a file of settings, with stacks of changed settings by name."""
    prepare(node=True)

    def make(file: Path, patches: Mapping[str, Patch]) -> Environment:
        folder = tmp_path / file.stem
        folder.mkdir()
        variants = {name: folder / name for name in (ORIGINAL, *patches)}
        wanted = {variants[name]: patches.get(name, {}) for name in variants}
        synthesize(file, wanted, environ=synthesis_environ)
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            monkeypatch.delenv(name)
        path = os.pathsep.join([str(terraform), os.environ["PATH"]])
        return Environment(
            api=api,
            variants=variants,
            out=folder / "cdktf.out",
            env=file.stem,
            patch=monkeypatch,
            # The provider's own switch: it waits for nothing between two questions whether an operation has ended.
            tool_environ={**provider, "PATH": path, "GO_AZURE_SDK_SKIP_POLLING_DELAY": "true"},
        )

    return make
