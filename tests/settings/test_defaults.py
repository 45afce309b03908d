"""What a file need not say."""

from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from settings.environment import EnvironmentSettings
from settings.loading import load_environment
from tests.settings.conftest import WriteFile


def test_a_file_with_nothing_but_its_name_is_enough(write: WriteFile) -> None:
    settings = load_environment(write('env = "uat"', "uat.toml"))

    assert settings.env == "uat"
    assert [model.kind for model in settings.all_models] == ["responses", "embeddings"]


@pytest.mark.parametrize(("env", "days", "protected"), [("prod", 30, True), ("uat", 7, False), ("dev", 7, False)])
def test_only_the_vault_of_production_is_protected(write: WriteFile, env: str, days: int, *, protected: bool) -> None:
    vault = load_environment(write(f'env = "{env}"', f"{env}.toml")).key_vault

    assert (vault.soft_delete_retention_days, vault.purge_protection) == (days, protected)


def test_a_file_can_change_one_half_of_the_vaults_protection(write: WriteFile) -> None:
    vault = load_environment(write('env = "prod"\n[key_vault]\nsoft_delete_retention_days = 90', "prod.toml")).key_vault

    assert (vault.soft_delete_retention_days, vault.purge_protection) == (90, True)


def test_the_state_has_the_names_of_the_convention(write: WriteFile) -> None:
    backend = load_environment(write('env = "dev"')).backend

    assert backend.model_dump() == {
        "resource_group_name": "pvc-dev-aigateway-tfrg-san",
        "storage_account_name": "pvcdevaigatewaystsan",
        "container_name": "tfstate",
        "key": "dev.tfstate",
        "replication": "LRS",
    }


def test_the_names_follow_the_parts_that_the_file_gives(write: WriteFile) -> None:
    content = 'env = "dev"\nprojname = "portal"\nlocation = "westeurope"\nlocation_short = "weu"\n[backend]\nkey = "p"'
    settings = load_environment(write(content.replace('"p"', '"portal/dev.tfstate"')))

    assert settings.naming.name("key_vault") == "pvc-dev-portal-kv-weu"
    assert settings.backend.storage_account_name == "pvcdevportalstweu"
    assert settings.backend.key == "portal/dev.tfstate"


def test_environment_and_project_are_always_tagged(write: WriteFile) -> None:
    settings = load_environment(write('env = "dev"\n[tags]\ncost-center = "42"\n'))

    assert settings.tags == {"cost-center": "42"}
    assert settings.all_tags == {"cost-center": "42", "env": "dev", "project": "aigateway"}


def test_settings_are_read_only(write: WriteFile) -> None:
    settings = load_environment(write('env = "dev"'))

    with pytest.raises(ValidationError, match="frozen"):
        settings.scale.max_replicas = 9  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.env = "prod"  # type: ignore[misc]


def _groups(annotation: object) -> Iterator[type[BaseModel]]:
    """The groups in a field's type, also those of its lists and tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _groups(inner)


def _fields_without_description(model: type[BaseModel], path: str = "") -> list[str]:
    missing = []
    for name, field in model.model_fields.items():
        if not (field.description or "").endswith("."):
            missing.append(path + name)
        for group in _groups(field.annotation):
            missing += _fields_without_description(group, f"{path}{name}.")
    return missing


def test_every_field_describes_itself() -> None:
    assert _fields_without_description(EnvironmentSettings) == []
