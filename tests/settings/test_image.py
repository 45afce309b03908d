"""Which images may run."""

import pytest

from settings.errors import SettingsError
from settings.image import version_text
from settings.loading import load_environment
from tests.settings.conftest import WriteFile

DIGEST = "@sha256:" + "0123456789abcdef" * 4

HOST_HEADER = ["GHSA-4xpc-pv4p-pm3w", "CVE-2026-49468", "CVE-2026-59822"]
USER_CONFIG = ["PYSEC-2026-4070"]
COMMAND_INJECTION = ["CVE-2026-42271"]
SQL_INJECTION = ["GHSA-r75f-5x8p-qvmc"]
COMPROMISED = ["compromised packages on PyPI, March 2026"]
COMPROMISED_AGAIN = ["docs.litellm.ai/blog/security-incident-oct-21-2026"]
ADMINISTRATOR = ["GHSA-7hp6-4w63-5g45"]
EVERY_NAME = {
    *HOST_HEADER,
    *USER_CONFIG,
    *COMMAND_INJECTION,
    *SQL_INJECTION,
    *COMPROMISED,
    *COMPROMISED_AGAIN,
    *ADMINISTRATOR,
}

UNSAFE = {
    "0.1.0": HOST_HEADER + USER_CONFIG,
    "1.74.1": HOST_HEADER + USER_CONFIG,
    "1.74.2": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION,
    "1.81.15": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION,
    "1.81.16": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION + SQL_INJECTION,
    "1.82.6": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION + SQL_INJECTION,
    "1.82.7": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION + SQL_INJECTION + COMPROMISED,
    "1.82.8": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION + SQL_INJECTION + COMPROMISED,
    "1.83.6": HOST_HEADER + USER_CONFIG + COMMAND_INJECTION + SQL_INJECTION,
    "1.83.7": HOST_HEADER + USER_CONFIG,
    "1.83.8": HOST_HEADER + USER_CONFIG,
    "1.83.9": HOST_HEADER,
    "1.83.14": HOST_HEADER,
    "1.91.0": ADMINISTRATOR,
    "1.100.3": ADMINISTRATOR,
    "1.101.0": ADMINISTRATOR,
    "1.101.2": ADMINISTRATOR,
    "1.102.0": ADMINISTRATOR,
    "1.102.1": ADMINISTRATOR,
    "1.103.0": ADMINISTRATOR,
    "1.107.0": COMPROMISED_AGAIN,
}
SAFE = [
    "1.84.0",
    "1.90.9",
    "1.100.4",
    "1.101.3",
    "1.102.2",
    "1.103.1",
    "1.103.2",
    "1.106.2",
    "1.106.12",
    "1.107.1",
    "1.108.7",
    "1.110.2",
    "2.0.0",
]


def _file(image: str) -> str:
    return f'env = "dev"\ncontainers.image = "{image}"\n'


@pytest.mark.parametrize(("version", "advisories"), UNSAFE.items())
def test_a_version_with_a_hole_is_refused_by_the_names_of_all_its_advisories(
    write: WriteFile, version: str, advisories: list[str]
) -> None:
    file = write(_file(f"ghcr.io/berriai/litellm:v{version}{DIGEST}"))

    with pytest.raises(SettingsError, match="must be a version of LiteLLM that is safe to run") as refusal:
        load_environment(file)

    message = refusal.value.mistakes[0]
    assert message.startswith(f'{file}: containers.image = "ghcr.io/berriai/litellm:v{version}@sha256:')
    assert {name for name in EVERY_NAME if name in message} == set(advisories)


@pytest.mark.parametrize("tag", ["1.83.8", "main-v1.83.8", "v1.83.8-stable", "v1.83.8-nightly", "v1.83.8.rc.1"])
def test_a_build_of_a_version_has_its_holes(write: WriteFile, tag: str) -> None:
    with pytest.raises(SettingsError, match="PYSEC-2026-4070"):
        load_environment(write(_file(f"ghcr.io/berriai/litellm:{tag}{DIGEST}")))


@pytest.mark.parametrize("tag", ["v1.84.0-rc.1", "v1.84.0.dev1", "main-v1.84.0-nightly", "v1.103.1.rc1"])
def test_a_pre_release_of_the_version_that_mends_a_hole_still_has_it(write: WriteFile, tag: str) -> None:
    with pytest.raises(SettingsError, match="GHSA-"):
        load_environment(write(_file(f"ghcr.io/berriai/litellm:{tag}{DIGEST}")))


def test_a_pre_release_of_a_later_version_may_run(write: WriteFile) -> None:
    image = f"ghcr.io/berriai/litellm:v1.104.0-rc.1{DIGEST}"

    assert load_environment(write(_file(image))).containers.image == image


@pytest.mark.parametrize("version", SAFE)
def test_a_version_without_a_hole_may_run(write: WriteFile, version: str) -> None:
    containers = load_environment(write(_file(f"ghcr.io/berriai/litellm:v{version}-stable{DIGEST}"))).containers

    assert version_text(containers.image) == version


@pytest.mark.parametrize("repository", ["litellm", "localhost:5000/litellm", "registry.example.com:443/a/b-c/litellm"])
def test_an_image_may_come_from_a_mirror(write: WriteFile, repository: str) -> None:
    image = f"{repository}:v1.103.2{DIGEST}"
    file = write(f'{_file(image)}containers.mirror = "{repository}"\n')

    assert load_environment(file).containers.image == image
