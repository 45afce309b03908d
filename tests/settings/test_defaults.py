"""What a file need not say."""

from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from settings import EnvironmentSettings, load_environment
from tests.settings.conftest import WriteFile

DEFAULTS = {
    "projname": "aigateway",
    "location": "southafricanorth",
    "location_short": "san",
    "tags": {},
    "secrets_version": 1,
    "budget": None,
    "containers": {
        "image": "ghcr.io/berriai/litellm:v1.103.2"
        "@sha256:f63fb81b831b170ec16851e23c36ac5bf52ef106b271406429524a2ed730bbfd",
        "gateway": {"port": 4000, "cpu": 0.25, "memory": "0.5Gi"},
        "litellm": {"port": 4001, "cpu": 1.0, "memory": "2Gi"},
    },
    "scale": {"min_replicas": 1, "max_replicas": 3, "concurrent_requests": 50},
    "ingress": {"external": True, "ip_allowlist": ()},
    "azure_openai": {"endpoint": "https://mys-shared-ai-swc.cognitiveservices.azure.com"},
    "codex": {
        "model": "gpt-5.3-codex",
        "deployment": "gpt-5.3-codex",
        "api_version": "2025-04-01-preview",
        "translate": False,
    },
    "embeddings": {
        "deployment": "text-embedding-3-large",
        "model": "text-embedding-3-large",
        "dimension": 3072,
        "api_version": "2023-05-15",
        "translate": False,
        "requests_per_minute": None,
        "tokens_per_minute": None,
        "endpoint": None,
    },
    "models": (),
    "upstreams": (),
    "projects": {},
    "logs": {"retention_days": 30},
    "retries": {"attempts": 3, "backoff_s": 0.5, "max_retry_after_s": 20.0},
    "timeouts": {
        "connect_s": 5.0,
        "first_event_s": 60.0,
        "idle_s": 180.0,
        "answer_s": 180.0,
        "embeddings_s": 30.0,
        "body_s": 60.0,
        "litellm_s": 30.0,
        "litellm_start_s": 90.0,
        "total_s": 220.0,
    },
    "circuit_breaker": {"failures": 1, "open_s": 10.0, "max_open_s": 60.0},
    "limits": {"max_body_bytes": 16_777_216, "max_depth": 64, "queue_s": 120.0},
}
CONVENTIONAL = {"key_vault", "backend"}


def test_a_file_with_nothing_but_its_name_has_the_defaults(write: WriteFile) -> None:
    settings = load_environment(write('env = "uat"', "uat.toml"))

    assert settings.model_dump(exclude=CONVENTIONAL) == {"env": "uat"} | DEFAULTS
    assert settings.containers.litellm_version == "1.103.2"


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
