"""Impossible values: each message names file, field, value and what is allowed, and all come at once."""

import pytest

from settings import SettingsError, load_environment
from tests.settings.conftest import WriteFile

DIGEST = "@sha256:" + "a" * 64
PAIR = "0.25 and 0.5Gi, 0.5 and 1Gi, and so on in such steps up to 4 and 8Gi"
PINNED = "must be pinned by digest and tell LiteLLM's version in its tag"
NETWORK = "must be an IPv4 network in CIDR notation"
ROOT = "must be https:// and a host name alone"
TABLE = "must be a table of settings"
LONG = "x" * 300

REFUSED = [
    # (content besides env, field, value as shown, what is allowed)
    ('projname = "Portal"', "projname", '"Portal"', "2 to 40 lower-case letters, digits and single inner hyphens"),
    ('projname = "a--b"', "projname", '"a--b"', "single inner hyphens"),
    ('projname = "portal-"', "projname", '"portal-"', "single inner hyphens"),
    ('location = "West Europe"', "location", '"West Europe"', "an Azure region"),
    ('location_short = "s-n"', "location_short", '"s-n"', "2 to 8 lower-case letters and digits"),
    ("secrets_version = 0", "secrets_version", "0", "a whole number from 1 to 1000000"),
    ("secrets_version = 2026-01-31", "secrets_version", '"2026-01-31"', "a whole number from 1"),
    ("budget = 100", "budget", "100", "must be left out: a budget needs a database"),
    # image
    ('containers.image = "ghcr.io/berriai/litellm:v1.103.2"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "ghcr.io/berriai/litellm{DIGEST}"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "ghcr.io/berriai/litellm:main-stable{DIGEST}"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "ghcr.io/berriai/litellm:v1.103{DIGEST}"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "litellm:v1.103.2{DIGEST}b"', "containers.image", '"litellm', PINNED),
    (f'containers.image = "litellm:v1.103.2 {DIGEST}"', "containers.image", '"litellm', PINNED),
    ("containers.image = 5", "containers.image", "5", "a text of 1 to 256 characters"),
    # containers
    ("containers.gateway.port = 80", "containers.gateway.port", "80", "a whole number from 1024 to 65535"),
    ("containers.gateway.port = 4001", "containers.litellm.port", "4001", "another port than that of"),
    ("containers.gateway.cpu = 0.05", "containers.gateway.cpu", "0.05", "a number of cores from 0.1 to 4"),
    ("containers.gateway.cpu = nan", "containers.gateway.cpu", "NaN", "a number of cores from 0.1 to 4"),
    ("containers.gateway.cpu = 0.255", "containers.gateway.cpu", "0.255", "at most two decimals"),
    ('containers.gateway.memory = "512Mi"', "containers.gateway.memory", '"512Mi"', 'decimals, like "1.5Gi"'),
    ('containers.gateway.memory = "0Gi"', "containers.gateway.memory", '"0Gi"', 'must be at least "0.1Gi"'),
    ("containers.gateway.cpu = 0.3", "containers.litellm.cpu", "1.0", f"add up to 1.3 and 2.5Gi, but must .* {PAIR}"),
    (
        'containers.gateway = {cpu = 0.3, memory = "0.6Gi"}',
        "containers.litellm.cpu",
        "1.0",
        f"add up to 1.3 and 2.6Gi, but must .* {PAIR}",
    ),
    ('containers.litellm.memory = "3Gi"', "containers.litellm.cpu", "1.0", f"1.25 and 3.5Gi, but must .* {PAIR}"),
    (
        'containers.litellm = {cpu = 4, memory = "8Gi"}',
        "containers.litellm.cpu",
        "4.0",
        f"add up to 4.25 and 8.5Gi, but must .* {PAIR}",
    ),
    ("containers.litellm.cpu = 0.5", "containers.litellm.cpu", "0.5", "a number of cores from 0.75 to 4"),
    ('containers.litellm.memory = "1Gi"', "containers.litellm.memory", '"1Gi"', 'must be at least "1.5Gi"'),
    # scale and ingress
    ("scale.min_replicas = -1", "scale.min_replicas", "-1", "a whole number from 0 to 1000"),
    ("scale.min_replicas = true", "scale.min_replicas", "true", "a whole number from 0 to 1000"),
    ("scale.max_replicas = 0", "scale.max_replicas", "0", "a whole number from 1 to 1000"),
    ("scale.max_replicas = 1001", "scale.max_replicas", "1001", "a whole number from 1 to 1000"),
    ("scale.max_replicas = 1.5", "scale.max_replicas", "1.5", "a whole number from 1 to 1000"),
    ("scale.min_replicas = 4", "scale.max_replicas", "3", "must be at least scale.min_replicas, which is 4"),
    ("scale.concurrent_requests = 0", "scale.concurrent_requests", "0", "a whole number from 1 to 1000"),
    ('ingress.external = "perhaps"', "ingress.external", '"perhaps"', "must be true or false"),
    ("ingress.ip_allowlist = 5", "ingress.ip_allowlist", "5", "must be a list of IPv4 networks"),
    ("ingress.ip_allowlist = [5]", "ingress.ip_allowlist[0]", "5", "a text of 1 to 256"),
    ('ingress.ip_allowlist = ["10.0.0.0"]', "ingress.ip_allowlist[0]", '"10.0.0.0"', NETWORK),
    ('ingress.ip_allowlist = ["10.0.0.0/33"]', "ingress.ip_allowlist[0]", '"10.0.0.0/33"', NETWORK),
    ('ingress.ip_allowlist = ["10.0.0.0/255.0.0.0"]', "ingress.ip_allowlist[0]", '"10.0.0.0/255.0.0.0"', NETWORK),
    ('ingress.ip_allowlist = ["2001:db8::/32"]', "ingress.ip_allowlist[0]", '"2001:db8::/32"', NETWORK),
    (
        'ingress.ip_allowlist = ["10.0.0.0/8", "10.1.2.3/16"]',
        "ingress.ip_allowlist[1]",
        '"10.1.2.3/16"',
        f"{NETWORK}.*the network of this address is 10.1.0.0/16",
    ),
    # upstream
    ('azure_openai.endpoint = "http://a.azure.com"', "azure_openai.endpoint", '"http://a.azure.com"', ROOT),
    ('azure_openai.endpoint = "https://a.azure.com/openai"', "azure_openai.endpoint", '"https://a.azure', ROOT),
    ('azure_openai.endpoint = "https://a.azure.com#x"', "azure_openai.endpoint", '"https://a.azure.com#x"', ROOT),
    ('azure_openai.endpoint = "https://a.azure.com:443"', "azure_openai.endpoint", '"https://a.azure', ROOT),
    ('azure_openai.endpoint = "https://localhost"', "azure_openai.endpoint", '"https://localhost"', ROOT),
    ('azure_openai.endpoint = "https://10.0.0.4"', "azure_openai.endpoint", '"https://10.0.0.4"', ROOT),
    ('azure_openai.endpoint = "https://-a.azure.com"', "azure_openai.endpoint", '"https://-a.azure.com"', ROOT),
    ('embeddings.endpoint = "a.azure.com"', "embeddings.endpoint", '"a.azure.com"', ROOT),
    ('codex.model = "azure/gpt"', "codex.model", '"azure/gpt"', "the name of a deployment: 2 to 64 letters"),
    ('codex.api_version = "latest"', "codex.api_version", '"latest"', "an API version of Azure OpenAI, like"),
    ('codex.api_version = "2025-13-01"', "codex.api_version", '"2025-13-01"', "an API version of Azure OpenAI"),
    ('embeddings.deployment = "gpt-5.3-codex"', "embeddings.deployment", '"gpt-5.3-codex"', "than codex.model"),
    ("embeddings.dimension = 3073", "embeddings.dimension", "3073", "a whole number from 1 to 3072"),
    (
        'embeddings.deployment = "text-embedding-3-small"',
        "embeddings.dimension",
        "3072",
        "must be at most 1536, which is what text-embedding-3-small has",
    ),
    # vault, logs, state
    ("key_vault.soft_delete_retention_days = 6", "key_vault.soft_delete_retention_days", "6", "from 7 to 90"),
    ("key_vault.soft_delete_retention_days = 91", "key_vault.soft_delete_retention_days", "91", "from 7 to 90"),
    ("key_vault.purge_protection = 2", "key_vault.purge_protection", "2", "must be true or false"),
    ("logs.retention_days = 29", "logs.retention_days", "29", "a whole number from 30 to 730"),
    ("logs.retention_days = 731", "logs.retention_days", "731", "a whole number from 30 to 730"),
    ('backend.resource_group_name = "x."', "backend.resource_group_name", '"x."', "without a final '.'"),
    ('backend.storage_account_name = "a-b"', "backend.storage_account_name", '"a-b"', "3 to 24 lower-case letters"),
    ('backend.container_name = "tf"', "backend.container_name", '"tf"', "3 to 63 lower-case letters"),
    ('backend.key = "/x"', "backend.key", '"/x"', "2 to 255 letters"),
    # retries, time-outs, limits
    ("retries.attempts = 0", "retries.attempts", "0", "a whole number from 1 to 10"),
    ("retries.backoff_s = -1", "retries.backoff_s", "-1", "a number of seconds from 0 to 30"),
    ("retries.max_retry_after_s = inf", "retries.max_retry_after_s", "Infinity", "a number of seconds from 0"),
    ("timeouts.connect_s = 0", "timeouts.connect_s", "0", "a number of seconds from 0.1 to 60"),
    ("timeouts.idle_s = nan", "timeouts.idle_s", "NaN", "a number of seconds from 0.1 to 239"),
    ("timeouts.total_s = 240", "timeouts.total_s", "240", "a number of seconds from 0.1 to 239"),
    (
        "timeouts.total_s = 70",
        "timeouts.total_s",
        "70",
        r"must be at least timeouts.answer_s \(180\), timeouts.litellm_start_s \(90\)",
    ),
    ("limits.max_body_bytes = 1", "limits.max_body_bytes", "1", "a whole number from 1024 to 134217728"),
    # tags
    ("tags = 5", "tags", "5", "must be a table of texts"),
    ("tags.owner = 5", "tags.owner", "5", "a text of at most 256 characters"),
    (f'tags.owner = "{LONG}"', "tags.owner", f'"{LONG[:119]}...', "a text of at most 256 characters"),
    ('tags."50%" = "x"', 'tags."50%"', '"50%"', r"1 to 512 characters without any of <>%&\\\?/"),
    (f'tags.{LONG * 2} = "x"', f'tags."{LONG[:119]}...', f'"{LONG[:119]}...', "1 to 512 characters"),
    # shape
    ("scale = 5", "scale", "5", TABLE),
    ("backend = []", "backend", "[]", TABLE),
    ("key_vault = 5", "key_vault", "5", TABLE),
    ("replicas = 2", "replicas", "2", "is not a setting; allowed are env, projname, location,"),
    ("scale.replicas = 2", "scale.replicas", "2", "is not a setting; allowed are min_replicas, max_replicas, concur"),
    ("containers.gateway.ports = 2", "containers.gateway.ports", "2", "allowed are port, cpu, memory$"),
    ('_env_prefix = "X"', "_env_prefix", '"X"', "is not a setting; allowed are env,"),
]


@pytest.mark.parametrize(("content", "field", "value", "allowed"), REFUSED)
def test_an_impossible_value_is_refused(write: WriteFile, content: str, field: str, value: str, allowed: str) -> None:
    file = write(f'env = "dev"\n{content}\n')

    with pytest.raises(SettingsError, match=allowed) as refusal:
        load_environment(file)

    assert len(refusal.value.mistakes) == 1
    assert refusal.value.mistakes[0].startswith(f"{file}: {field} = {value}")


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ('Owner = "a"\nowner = "b"', "must have names that differ in more than upper and lower case; twice: owner"),
        ('Env = "x"\nproject = "y"', "must not set env or project: the stack does"),
        ("\n".join(f't{n} = ""' for n in range(49)), "must be at most 48: Azure allows 50"),
    ],
)
def test_a_table_of_tags_that_azure_would_not_take_is_refused(write: WriteFile, tags: str, allowed: str) -> None:
    file = write(f'env = "dev"\n[tags]\n{tags}\n')

    with pytest.raises(SettingsError, match=allowed) as refusal:
        load_environment(file)

    assert refusal.value.mistakes[0].startswith(f"{file}: tags: ")


def test_the_value_of_an_unknown_field_that_sounds_secret_is_not_shown(write: WriteFile) -> None:
    file = write('env = "dev"\n[azure_openai]\napi_key = "hunter2"\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert refusal.value.mistakes == (f"{file}: azure_openai.api_key: is not a setting; allowed are endpoint",)


def test_the_private_parts_of_an_endpoint_are_not_shown(write: WriteFile) -> None:
    file = write('env = "dev"\nazure_openai.endpoint = "https://me:hunter2@a.azure.com/?api-key=hunter3"\n')

    with pytest.raises(SettingsError, match=r'"https://\*\*\*@a\.azure\.com/\?\*\*\*": must be https://') as refusal:
        load_environment(file)

    assert "hunter" not in str(refusal.value)


def test_all_mistakes_of_a_file_are_told_at_once(write: WriteFile) -> None:
    """Also contradictions beside a wrong value in the same table."""
    file = write("""
        env = "prod"
        typo = 1
        [containers]
        image = "litellm"
        gateway = { port = 4001, cpu = 0.5 }
        [scale]
        min_replicas = 9
        concurrent_requests = 0
        [timeouts]
        idle_s = -1
        total_s = 20
        [ingress]
        ip_allowlist = ["10.0.0.0/99", "203.0.113.0/24", "localhost"]
        """)

    with pytest.raises(SettingsError, match=r"^The settings have 11 mistakes:\n  ") as refusal:
        load_environment(file)

    assert {mistake.removeprefix(f"{file}: ").partition(" = ")[0] for mistake in refusal.value.mistakes} == {
        "env",
        "typo",
        "containers.image",
        "containers.litellm.cpu",
        "containers.litellm.port",
        "scale.max_replicas",
        "scale.concurrent_requests",
        "timeouts.idle_s",
        "timeouts.total_s",
        "ingress.ip_allowlist[0]",
        "ingress.ip_allowlist[2]",
    }


def test_what_depends_on_a_refused_value_is_not_refused_for_it(write: WriteFile) -> None:
    """No sum of containers without the gateway's share, no names without an environment."""
    file = write('env = "dev"\nprojname = "-"\ncontainers.gateway.cpu = 9\ncontainers.litellm.cpu = 1.25\ncodex = 1\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert [mistake.split()[1] for mistake in refusal.value.mistakes] == ["projname", "containers.gateway.cpu", "codex"]


def test_a_mistake_is_told_without_pydantics_words(write: WriteFile) -> None:
    file = write("scale.max_replicas = []\nbudget = {}\nlogs = 1\nfoo = 2\nembeddings.endpoint = 3\n")

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert len(refusal.value.mistakes) == 6
    assert not any(
        word in str(refusal.value).lower() for word in ("pydantic", "input", "validat", "type=", "https://er")
    )
