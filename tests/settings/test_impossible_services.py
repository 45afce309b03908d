"""Impossible names, upstreams, vaults, logs, states and time-outs, and fields that do not exist."""

import pytest

from tests.settings.conftest import Refuses

ROOT = "must be https:// and a host name alone"
TABLE = "must be a table of settings"
LONG = "x" * 300
SHORT_TIMES = """
timeouts = {headers_s = 8, first_event_s = 8, answer_s = 8, embeddings_s = 8, body_s = 8, litellm_s = 8,\
 litellm_start_s = 8, total_s = 8}"""

IMPOSSIBLE = [
    # identity
    ('projname = "Portal"', "projname", '"Portal"', "2 to 40 lower-case letters, digits and single inner hyphens"),
    ('projname = "a--b"', "projname", '"a--b"', "single inner hyphens"),
    ('projname = "portal-"', "projname", '"portal-"', "single inner hyphens"),
    ('subscription_id = "Production"', "subscription_id", '"Production"', "the id of a subscription, as `az account"),
    ('tenant_id = "contoso.com"', "tenant_id", '"contoso.com"', "the id of a tenant, as tenantId of `az account show`"),
    ('location = "West Europe"', "location", '"West Europe"', "an Azure region"),
    ('location_short = "s-n"', "location_short", '"s-n"', "2 to 8 lower-case letters and digits"),
    ("secrets_version = 0", "secrets_version", "0", "a whole number from 1 to 1000000"),
    ("secrets_version = 2026-01-31", "secrets_version", '"2026-01-31"', "a whole number from 1"),
    # upstream
    ('azure_openai.endpoint = "http://a.azure.com"', "azure_openai.endpoint", '"http://a.azure.com"', ROOT),
    ('azure_openai.endpoint = "https://a.openai.azure.com/openai"', "azure_openai.endpoint", '"https://a.openai', ROOT),
    (
        'azure_openai.endpoint = "https://a.openai.azure.com#x"',
        "azure_openai.endpoint",
        '"https://a.openai.azure.com#x"',
        ROOT,
    ),
    ('azure_openai.endpoint = "https://a.openai.azure.com:443"', "azure_openai.endpoint", '"https://a.openai', ROOT),
    ('azure_openai.endpoint = "https://localhost"', "azure_openai.endpoint", '"https://localhost"', ROOT),
    ('azure_openai.endpoint = "https://10.0.0.4"', "azure_openai.endpoint", '"https://10.0.0.4"', ROOT),
    (
        'azure_openai.endpoint = "https://-a.openai.azure.com"',
        "azure_openai.endpoint",
        '"https://-a.openai.azure.com"',
        ROOT,
    ),
    ('embeddings.endpoint = "a.azure.com"', "embeddings.endpoint", '"a.azure.com"', ROOT),
    ('codex.model = "azure/gpt"', "codex.model", '"azure/gpt"', "the name of a deployment: 2 to 64 letters"),
    ('codex.api_version = "latest"', "codex.api_version", '"latest"', "an API version of Azure OpenAI, like"),
    ('codex.api_version = "v2"', "codex.api_version", '"v2"', 'or "v1"$'),
    ('codex.api_version = "2025-13-01"', "codex.api_version", '"2025-13-01"', "an API version of Azure OpenAI"),
    ('embeddings.deployment = "gpt-5.3-codex"', "embeddings.deployment", '"gpt-5.3-codex"', "than that of codex.model"),
    ("embeddings.dimension = 3073", "embeddings.dimension", "3073", "a whole number from 1 to 3072"),
    (
        'embeddings.deployment = "text-embedding-3-small"',
        "embeddings.dimension",
        "3072",
        "must be at most 1536, which is the dimension of text-embedding-3-small",
    ),
    # vault, logs, state
    ("key_vault.soft_delete_retention_days = 6", "key_vault.soft_delete_retention_days", "6", "from 7 to 90"),
    ("key_vault.soft_delete_retention_days = 91", "key_vault.soft_delete_retention_days", "91", "from 7 to 90"),
    ("key_vault.purge_protection = 2", "key_vault.purge_protection", "2", "must be true or false"),
    (
        'backend.replication = "Standard_GRS"',
        "backend.replication",
        '"Standard_GRS"',
        '"LRS", "ZRS", "GRS", "RAGRS", "GZRS"',
    ),
    ('delete_lock = "yes"', "delete_lock", '"yes"', "must be true or false"),
    ("logs.retention_days = 29", "logs.retention_days", "29", "a whole number from 30 to 730"),
    ("logs.retention_days = 731", "logs.retention_days", "731", "a whole number from 30 to 730"),
    ("logs.daily_quota_gb = -1", "logs.daily_quota_gb", "-1", "a number of gigabytes from 0.023 to 10000"),
    ("logs.daily_quota_gb = 0.02", "logs.daily_quota_gb", "0.02", "a number of gigabytes from 0.023"),
    ('backend.resource_group_name = "x."', "backend.resource_group_name", '"x."', "without a final '.'"),
    ('backend.storage_account_name = "a-b"', "backend.storage_account_name", '"a-b"', "3 to 24 lower-case letters"),
    ('backend.container_name = "tf"', "backend.container_name", '"tf"', "3 to 63 lower-case letters"),
    ('backend.key = "/x"', "backend.key", '"/x"', "2 to 255 letters"),
    # retries, time-outs, limits
    ("retries.attempts = 0", "retries.attempts", "0", "a whole number from 1 to 10"),
    ("retries.backoff_s = -1", "retries.backoff_s", "-1", "a number of seconds from 0 to 30"),
    ("retries.max_retry_after_s = inf", "retries.max_retry_after_s", "Infinity", "a number of seconds from 0"),
    ("timeouts.connect_s = 0", "timeouts.connect_s", "0", "a number of seconds from 0.1 to 60"),
    ("timeouts.idle_s = nan", "timeouts.idle_s", "NaN", "a number of seconds from 0.1 to 230"),
    ("timeouts.total_s = 240", "timeouts.total_s", "240", "a number of seconds from 0.1 to 230"),
    (
        "timeouts.total_s = 70",
        "timeouts.total_s",
        "70",
        r"must be at least timeouts.answer_s \(180\), timeouts.litellm_start_s \(90\)",
    ),
    ("timeouts.litellm_s = 221", "timeouts.total_s", "220.0", r"must be at least timeouts.litellm_s \(221\)"),
    ("timeouts.body_s = 230", "timeouts.total_s", "220.0", r"must be at least timeouts.body_s \(230\)"),
    ("timeouts.headers_s = 2", "timeouts.headers_s", "2", "at least timeouts.connect_s, which is 5"),
    ("timeouts.first_event_s = 14", "timeouts.first_event_s", "14", "at least timeouts.headers_s, which is 15"),
    ("timeouts.embeddings_s = 14", "timeouts.embeddings_s", "14", "at least timeouts.headers_s, which is 15"),
    ("timeouts.keep_alive_s = 0", "timeouts.keep_alive_s", "0", "a number of seconds from 0.1 to 230"),
    ("timeouts.answer_s = 1.5", "timeouts.answer_s", "1.5", "at least timeouts.connect_s, which is 5"),
    (
        f"{SHORT_TIMES}\nlimits = {{queue_s = 0, translation_queue_s = 0}}",
        "retries.max_retry_after_s",
        "20.0",
        "must be at most timeouts.total_s, which is 8",
    ),
    (
        f"{SHORT_TIMES}\nretries.max_retry_after_s = 8\nlimits.translation_queue_s = 8",
        "limits.queue_s",
        "120.0",
        "must be at most timeouts.total_s, which is 8",
    ),
    (
        f"{SHORT_TIMES}\nretries.max_retry_after_s = 8\nlimits.queue_s = 8",
        "limits.translation_queue_s",
        "30.0",
        "must be at most timeouts.total_s, which is 8",
    ),
    (
        "retries = {attempts = 10, backoff_s = 0.5}",
        "retries.attempts",
        "10",
        "must be fewer, or the pauses shorter: with retries.backoff_s these alone take 255.5 s, and .* is 220",
    ),
    ("circuit_breaker.failures = 0", "circuit_breaker.failures", "0", "a whole number from 1 to 100"),
    ("circuit_breaker.open_s = 0", "circuit_breaker.open_s", "0", "a number of seconds from 0.1 to 600"),
    (
        "circuit_breaker.open_s = 90",
        "circuit_breaker.max_open_s",
        "60.0",
        "must be at least circuit_breaker.open_s, which is 90",
    ),
    ("limits.max_body_bytes = 1", "limits.max_body_bytes", "1", "a whole number from 1024 to 33554432"),
    ("limits.max_depth = 1000", "limits.max_depth", "1000", "a whole number from 8 to 256"),
    ("limits.queue_s = -1", "limits.queue_s", "-1", "a number of seconds from 0 to 220"),
    ("limits.parallel_translations = 3", "limits.parallel_translations", "3", "a whole number from 4 to 1000"),
    ("limits.translation_queue_s = 221", "limits.translation_queue_s", "221", "a number of seconds from 0 to 220"),
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
    ("replicas = 2", "replicas", "2", "is not a setting; allowed are env, projname, allow_unl"),
    ("scale.replicas = 2", "scale.replicas", "2", "is not a setting; allowed are min_replicas, max_replicas, max_in"),
    ("containers.gateway.ports = 2", "containers.gateway.ports", "2", "allowed are port, cpu, memory$"),
    ('_env_prefix = "X"', "_env_prefix", '"X"', "is not a setting; allowed are env,"),
]


@pytest.mark.parametrize(("content", "field", "value", "allowed"), IMPOSSIBLE)
def test_an_impossible_value_is_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    refuses(content, field=field, value=value, allowed=allowed)
