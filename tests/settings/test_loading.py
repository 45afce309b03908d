"""From files to environments."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from settings.errors import SettingsError
from settings.image import DEFAULT_IMAGE
from settings.loading import environment_files, load_environment, load_environments
from tests import fixed_environments
from tests.settings.conftest import WriteFile


def test_the_repositorys_environments_are_valid() -> None:
    environments = {settings.env for settings in load_environments()}
    assert "dev" in environments, "the tests of the running gateway and up.py's default want an environment dev"


def test_a_new_file_alone_is_a_new_environment(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(fixed_environments.ENVIRONMENTS, tmp_path / "environments"))
    before = load_environments(directory)
    (directory / "uat.toml").write_text('env = "uat"\n')
    after = load_environments(directory)

    assert [settings.env for settings in after] == sorted([*(settings.env for settings in before), "uat"])
    assert [settings for settings in after if settings.env != "uat"] == list(before)
    assert after[-1].naming.name("container_app") == "pvc-uat-aigateway-ca-san"


def test_environments_are_sorted_by_the_names_of_their_files(write: WriteFile) -> None:
    for env in ("uat", "dev", "prod"):
        directory = write(f'env = "{env}"', f"{env}.toml").parent
    write("not settings", "notes.txt")

    assert [path.name for path in environment_files(directory)] == ["dev.toml", "prod.toml", "uat.toml"]
    assert [settings.env for settings in load_environments(directory)] == ["dev", "prod", "uat"]


def test_the_mistakes_of_all_files_are_told_at_once(write: WriteFile) -> None:
    one = write('env = "dev"\nscale.max_replicas = 0\nlogs.retention_days = 1')
    two = write("env = ", "prod.toml")
    three = write('env = "dev"', "uat.toml")
    write('env = "test"', "test.toml")

    with pytest.raises(SettingsError, match=r"^The settings have 4 mistakes:\n  ") as refusal:
        load_environments(one.parent)

    assert [mistake.split(": ")[0] for mistake in refusal.value.mistakes] == [str(f) for f in (one, one, two, three)]
    assert str(refusal.value).splitlines()[1:] == [f"  {mistake}" for mistake in refusal.value.mistakes]


def test_two_environments_may_not_share_an_account_for_their_states(write: WriteFile) -> None:
    """Whoever deploys one of them may write all that is in the account."""
    dev = write('env = "dev"\nbackend.storage_account_name = "states"')
    uat = write('env = "uat"\nbackend = {storage_account_name = "states", container_name = "uat"}', "uat.toml")
    with pytest.raises(SettingsError) as refusal:
        load_environments(dev.parent)
    (mistake,) = refusal.value.mistakes
    assert mistake == (
        f'{uat}: backend.storage_account_name = "states": must differ from that of dev.toml: '
        "each environment needs a storage account of its own"
    )


_GROUP_OF_UAT = "pvc-uat-aigateway-rg-san"
_IN_UAT = f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/{_GROUP_OF_UAT}/providers"
_REGISTRY = f"{_IN_UAT}/Microsoft.ContainerRegistry/registries/images"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("existing.resource_group", _GROUP_OF_UAT.replace("pvc", "PVC")),
        ("backend.resource_group_name", _GROUP_OF_UAT),
        ("existing.key_vault", f"{_IN_UAT}/Microsoft.KeyVault/vaults/kv-dev"),
        ("existing.log_analytics_workspace", f"{_IN_UAT}/Microsoft.OperationalInsights/workspaces/logs"),
        ("network.infrastructure_subnet_id", f"{_IN_UAT}/Microsoft.Network/virtualNetworks/net/subnets/dev"),
        ("registry.id", _REGISTRY),
        ("upstreams[0].account_id", f"{_IN_UAT}/Microsoft.CognitiveServices/accounts/ai"),
    ],
)
def test_nothing_of_an_environment_is_in_the_group_of_another(write: WriteFile, field: str, value: str) -> None:
    subscription = 'subscription_id = "11111111-1111-1111-1111-111111111111"'
    image = f'containers.image = "images.azurecr.io/{DEFAULT_IMAGE.partition("/")[2]}"' if value == _REGISTRY else ""
    upstream = 'name = "ai"\nendpoint = "https://ai.openai.azure.com"\nauth = "managed_identity"'
    given = field.replace("upstreams[0].", f"[[upstreams]]\n{upstream}\n")
    dev = write(f'env = "dev"\n{subscription}\n{image}\n{given} = "{value}"')
    write(f'env = "uat"\n{subscription}', "uat.toml")
    with pytest.raises(SettingsError) as refusal:
        load_environments(dev.parent)
    (mistake,) = refusal.value.mistakes
    assert mistake.startswith(f"{dev}: {field} = ")
    assert mistake.endswith("must not be in the resource group of uat.toml, in which its identity may change all")


@pytest.mark.parametrize("name", ["adm", "uat"])
def test_a_group_by_convention_is_its_environments_in_any_order_of_files(write: WriteFile, name: str) -> None:
    dev = write('env = "dev"')
    other = write(f'env = "{name}"\nexisting.resource_group = "pvc-dev-aigateway-rg-san"', f"{name}.toml")
    with pytest.raises(SettingsError) as refusal:
        load_environments(dev.parent)
    (mistake,) = refusal.value.mistakes
    assert mistake.startswith(f"{other}: existing.resource_group = ")
    assert "must not be in the resource group of dev.toml" in mistake


_HERE = 'subscription_id = "11111111-1111-1111-1111-111111111111"'
_THERE = 'subscription_id = "22222222-2222-2222-2222-222222222222"'
_TOLD = "If they are in two subscriptions, set subscription_id in both files"


@pytest.mark.parametrize(("one", "other"), [(_HERE, ""), ("", _HERE), ("", "")])
def test_a_file_that_names_no_subscription_may_be_in_that_of_another(write: WriteFile, one: str, other: str) -> None:
    """The login decides, and GitHub's variables may name the same one."""
    dev = write(f'env = "dev"\n{one}\nexisting.resource_group = "rg-ai"')
    uat = write(f'env = "uat"\n{other}\nexisting.resource_group = "RG-AI"', "uat.toml")
    with pytest.raises(SettingsError) as refusal:
        load_environments(dev.parent)
    (mistake,) = refusal.value.mistakes
    assert mistake == (
        f'{uat}: existing.resource_group = "RG-AI": must differ from that of dev.toml: '
        f"each environment needs a resource group of its own. {_TOLD}"
    )
    uat.write_text(f'env = "uat"\n{other}\nbackend.resource_group_name = "rg-ai"', encoding="utf-8")
    with pytest.raises(SettingsError, match=f"must not be in the resource group of dev.toml, .*{_TOLD}"):
        load_environments(dev.parent)


def test_groups_of_one_name_may_be_in_two_subscriptions(write: WriteFile) -> None:
    dev = write(f'env = "dev"\n{_HERE}\nexisting.resource_group = "rg-ai"')
    write(f'env = "uat"\n{_THERE}\nexisting.resource_group = "rg-ai"', "uat.toml")
    assert len(load_environments(dev.parent)) == 2


def test_an_action_group_may_be_in_any_group(write: WriteFile) -> None:
    """It is only read."""
    dev = write(f'env = "dev"\nobservability.action_group_id = "{_IN_UAT}/Microsoft.Insights/actionGroups/people"')
    write('env = "uat"', "uat.toml")
    assert len(load_environments(dev.parent)) == 2


def test_states_of_several_environments_may_be_in_a_group_without_one(write: WriteFile) -> None:
    """An environment's identities have roles on its account there, none on the group."""
    dev = write('env = "dev"\nbackend.resource_group_name = "states"')
    write('env = "uat"\nbackend.resource_group_name = "states"', "uat.toml")
    assert len(load_environments(dev.parent)) == 2


def test_a_file_whose_name_ends_in_capitals_is_refused_and_not_left_out(write: WriteFile) -> None:
    file = write('env = "uat"', "uat.TOML")
    with pytest.raises(SettingsError, match=re.escape(f"{file}: its name must end with .toml, in lower case")):
        load_environments(file.parent)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nowhere.toml")])
def test_what_is_no_file_is_refused_by_name(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "x.toml")
    with pytest.raises(SettingsError, match=re.escape(f"{tmp_path / 'x.toml'}: cannot be read: ")):
        load_environments(tmp_path)


@pytest.mark.parametrize("directory", ["", "missing"])
def test_a_folder_without_environments_is_refused(tmp_path: Path, directory: str) -> None:
    with pytest.raises(SettingsError, match="must hold at least one environment") as refusal:
        load_environments(tmp_path / directory)

    assert str(tmp_path / directory) in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "position"),
    [
        ('env = "dev\n', "line 1, column 11"),
        ('env = "dev"\n[scale\n', "line 2, column 7"),
        ('env = "dev"\nenv = "dev"\n', "line 2, column 12"),
        ('env = "dev"\nprojname = """portal', "line 2, column 21"),
    ],
)
def test_malformed_toml_is_refused_with_its_position(write: WriteFile, content: str, position: str) -> None:
    file = write(content)

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    (mistake,) = refusal.value.mistakes
    assert mistake.startswith(f"{file}: must be valid TOML: ")
    assert mistake.endswith(f" (at {position})")


def test_a_file_without_env_is_refused_with_its_other_mistakes(write: WriteFile) -> None:
    file = write("scale.max_replicas = 0")

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert refusal.value.mistakes == (
        f"{file}: env: is missing; every file must give it",
        f"{file}: scale.max_replicas = 0: must be a whole number from 1 to 300",
    )


@pytest.mark.parametrize("name", ["Dev.toml", "my-dev.toml", "d.toml", "developments.toml", "2dev.toml"])
def test_a_name_that_is_no_environments_is_refused(write: WriteFile, name: str) -> None:
    file = write(f'env = "{Path(name).stem}"', name)

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    allowed = "must be 2 to 10 lower-case letters and digits, starting with a letter"
    assert refusal.value.mistakes == (f'{file}: env = "{file.stem}": {allowed}',)


def test_a_name_that_is_not_the_files_is_refused(write: WriteFile) -> None:
    file = write('env = "prod"')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert str(refusal.value) == (
        f'The settings have a mistake:\n  {file}: env = "prod": must be "dev", the name of the file'
    )


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (file := tmp_path / "dev.toml").write_bytes('env = "dev" # für'.encode("latin-1"))

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert refusal.value.mistakes == (f"{file}: must be UTF-8, but is not at byte 15",)


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    (file := tmp_path / "dev.toml").write_bytes(b'\xef\xbb\xbfenv = "dev"\r\nprojname = "portal"\r\n')

    assert load_environment(file).projname == "portal"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (folder := tmp_path / "dev.toml").mkdir()

    with pytest.raises(SettingsError, match="cannot be read: ") as refusal:
        load_environments(tmp_path)
    assert str(folder) in str(refusal.value)

    with pytest.raises(SettingsError, match="cannot be read: "):
        load_environment(tmp_path / "uat.toml")


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("https://a.openai.azure.com/", "https://a.openai.azure.com"),
        ("https://A.openai.Azure.com", "https://a.openai.azure.com"),
    ],
)
def test_an_endpoint_is_its_host_in_lower_case_without_a_final_slash(
    write: WriteFile, given: str, endpoint: str
) -> None:
    settings = load_environment(write(f'env = "dev"\nembeddings.endpoint = "{given}"'))

    assert settings.embeddings.endpoint == endpoint


@pytest.mark.parametrize("content", [f"secrets_version = {'9' * 5000}", f"tags = {'[' * 5000}", f"x = {'{a=' * 5000}"])
def test_toml_that_python_gives_up_on_is_refused(write: WriteFile, content: str) -> None:
    file = write(f'env = "dev"\n{content}\n')

    with pytest.raises(SettingsError, match=f"{re.escape(str(file))}: must have no "):
        load_environment(file)


def test_so_is_a_variable(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_TAGS", "[" * 100_000)

    with pytest.raises(SettingsError, match="tags"):
        load_environment(write('env = "dev"'))
