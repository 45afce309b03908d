"""Azure OpenAI resources that the stack makes, beside existing ones, and environments without keys."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from settings.dates import check_dates
from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import load_environment
from tests.settings.conftest import Refuses, WriteFile
from tests.settings.test_dates import CODEX as CODEX_RETIRES

CODEX, INDEX, TWIN = "gpt-5.3-codex", "text-embedding-3-large", "gpt-5-3-codex"
KEYLESS = Path(__file__).parents[1] / "gateway/environments/keyless.toml"
ACCOUNT = (
    f"/subscriptions/{'1' * 8}-1111-1111-1111-{'1' * 12}/resourceGroups/rg/providers/"
    "Microsoft.CognitiveServices/accounts/aa"
)


def deployment(name: str, more: str = "", *, version: str = '"1"', capacity: object = 10) -> str:
    return f'[[upstreams.deployments]]\nname = "{name}"\nversion = {version}\ncapacity = {capacity}\n{more}\n'


BOTH = deployment(CODEX) + deployment(INDEX)


LOCATIONS = {"x1": "swedencentral", "x2": "eastus2"}


def owned(name: str, more: str = "", *, deployments: str = BOTH, short: str = "") -> str:
    location = LOCATIONS.get(name, name)
    table = f'name = "{name}"\nlocation = "{location}"\nlocation_short = "{short or name[:3]}"\n{more}'
    return f"[[upstreams]]\n{table}\n{deployments}"


def existing(name: str, more: str = "") -> str:
    return f'[[upstreams]]\nname = "{name}"\nendpoint = "https://{name}.openai.azure.com"\n{more}\n'


def load(write: WriteFile, content: str) -> EnvironmentSettings:
    return load_environment(write(f'env = "dev"\n{content}'))


def test_owned_and_existing_upstreams_stand_beside_each_other(write: WriteFile) -> None:
    settings = load(write, owned("swedencentral", "priority = 2") + existing("other", f'deployments = ["{INDEX}"]'))
    first, second = settings.all_upstreams

    assert (first.name, first.priority, first.deployment_names) == ("swedencentral", 2, (CODEX, INDEX))
    assert [settings.endpoint_of(upstream) for upstream in (first, second)] == [
        "https://pvc-dev-aigateway-ai-swe.cognitiveservices.azure.com",
        "https://other.openai.azure.com",
    ]
    assert [settings.uses_key(upstream) for upstream in (first, second)] == [False, True]
    assert settings.owned_upstreams == (first,)
    assert not settings.is_keyless


def test_a_deployment_is_of_the_model_of_its_name_and_paid_by_the_token(write: WriteFile) -> None:
    (upstream,) = load(write, owned("swedencentral")).owned_upstreams
    codex = upstream.deployments[0]

    assert (codex.model, codex.version, codex.format, codex.sku) == (CODEX, "1", "OpenAI", "GlobalStandard")
    assert (upstream.ip_allowlist, upstream.foundry_project) == ((), False)


def test_a_deployment_of_another_name_is_the_one_that_its_model_names(write: WriteFile) -> None:
    ours = deployment("our-codex", f'model = "{CODEX}"') + deployment(INDEX)
    settings = load(
        write, f'codex = {{deployment = "our-codex", base_model = "{CODEX}"}}\n' + owned("x1", deployments=ours)
    )

    assert settings.all_models[0].context_window == 400_000
    assert settings.owned_upstreams[0].deployments[0].model == CODEX


@pytest.mark.parametrize(
    ("content", "is_keyless"),
    [
        ("", False),
        ("keyless = true", True),
        ('azure_openai.auth = "managed_identity"\nembeddings.endpoint = "https://e.openai.azure.com"', True),
        (existing("a", 'auth = "managed_identity"'), True),
        (existing("a", 'auth = "managed_identity"') + existing("b"), False),
        ("keyless = true\n" + existing("a", f'account_id = "{ACCOUNT}"') + owned("x1"), True),
    ],
)
def test_without_any_key_an_environment_is_keyless(write: WriteFile, content: str, *, is_keyless: bool) -> None:
    assert load(write, content).is_keyless is is_keyless


@pytest.mark.parametrize(
    ("content", "tokens_per_minute"),
    [
        (owned("x1") + owned("x2", deployments=deployment(CODEX) + deployment(INDEX, capacity=7)), 7_000),
        (owned("x1", deployments=deployment(CODEX) + deployment(INDEX, 'sku = "ProvisionedManaged"')), None),
        (owned("x1") + existing("a"), None),
        (owned("x1") + existing("a", f'deployments = ["{CODEX}"]'), 10_000),
        ("embeddings.tokens_per_minute = 5\n" + owned("x1"), 5),
        ("", None),
    ],
)
def test_the_quota_of_embeddings_is_that_of_the_smallest_deployment_if_all_are_known(
    write: WriteFile, content: str, tokens_per_minute: int | None
) -> None:
    codex, embeddings = load(write, content).all_models

    assert (codex.tokens_per_minute, embeddings.tokens_per_minute) == (None, tokens_per_minute)


PUBLIC = 'ip_allowlist = ["203.0.113.0/24", "172.20.1.0/24"]'
REGIONAL = "swedencentral.api.cognitive.microsoft.com"
KNOWN = f"must be the deployment of a model: {CODEX}, {INDEX}"


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        ('[[upstreams]]\nname = "a"\n', "upstreams[0]", "", "has neither: must have either endpoint .* or location"),
        (existing("a", 'location = "b"'), "upstreams[0]", "", "has both: must have either endpoint .* or location"),
        ("upstreams = [5]", "upstreams[0]", "5", "must be a table of settings"),
        (
            owned("x1").replace('location = "swedencentral"', 'location = "X 1"'),
            "upstreams[0].location",
            '"X 1"',
            "an Azure region",
        ),
        (owned("x1", short="w"), "upstreams[0].location_short", '"w"', "2 to 8 lower-case letters and digits"),
        (owned("x1", 'auth = "key"'), "upstreams[0].auth", '"key"', "the stack makes this resource without keys"),
        (owned("x1", "key = 5"), "upstreams[0].key", "", "are name, priority, location, location_short, auth, depl"),
        (owned("x1", "priority = 0"), "upstreams[0].priority", "0", "a whole number from 1 to 100"),
        (owned("x1", PUBLIC), "upstreams[0].ip_allowlist", '["203.', "must be public networks: .* 172.20.1.0/24"),
        (owned("x1", deployments="deployments = []"), "upstreams[0].deployments", "[]", "at least one deployment"),
        (
            owned("x1", deployments=f'deployments = ["{CODEX}"]'),
            "upstreams[0].deployments[0]",
            f'"{CODEX}"',
            "must be a table of settings",
        ),
        (owned("x1", deployments='deployments = "a"'), "upstreams[0].deployments", '"a"', r"\[\[upstreams.deployments"),
        (existing("a") + deployment(CODEX), "upstreams[0].deployments[0]", "", "must be the name of a deployment"),
        (
            owned("x1", deployments=BOTH + deployment("gpt-6")),
            "upstreams[0].deployments[2].name",
            '"gpt-6"',
            KNOWN,
        ),
        (owned("x1", deployments=deployment(CODEX)), "upstreams", "", f"in none of their lists: {INDEX}"),
        (
            owned("x1", deployments=BOTH + deployment(CODEX, "capacity = 0".replace("capacity", "x"))),
            "upstreams[0].deployments[2].x",
            "0",
            "is not a setting; allowed are name, model, version, format, sku, capacity",
        ),
        (
            owned("x1", deployments=deployment(CODEX, capacity=0) + deployment(INDEX)),
            "upstreams[0].deployments[0].capacity",
            "0",
            "a whole number from 1 to 1000000",
        ),
        (
            owned("x1", deployments=deployment(CODEX, 'sku = "Global"') + deployment(INDEX)),
            "upstreams[0].deployments[0].sku",
            '"Global"',
            'must be one of "GlobalStandard", .*, "ProvisionedManaged"$',
        ),
        (
            owned("x1", deployments=deployment(CODEX, 'format = "Meta"') + deployment(INDEX)),
            "upstreams[0].deployments[0].format",
            '"Meta"',
            'must be "OpenAI"',
        ),
        (
            owned("x1", deployments=deployment(CODEX, version="2026-02-24") + deployment(INDEX)),
            "upstreams[0].deployments[0].version",
            '"2026-02-24"',
            "must be the version of the model, as a text like",
        ),
        (
            owned("x1", deployments=BOTH + deployment(CODEX)),
            "upstreams[0].deployments[2].name",
            f'"{CODEX}"',
            r"must be another name than that of upstreams\[0\].deployments\[0\]",
        ),
        (
            f'[[models]]\nname = "twin"\nkind = "responses"\ndeployment = "{TWIN}"\nbase_model = "{CODEX}"\n'
            + owned("x1", deployments=BOTH + deployment(TWIN, f'model = "{CODEX}"')),
            "upstreams[0].deployments[2].name",
            f'"{TWIN}"',
            r"must differ from upstreams\[0\].deployments\[0\], both with their upstream's name, by more than '-'",
        ),
        (
            owned("x1", deployments=deployment(CODEX, 'model = "gpt-5.2-codex"') + deployment(INDEX)),
            "upstreams[0].deployments[0].model",
            '"gpt-5.2-codex"',
            f'must be "{CODEX}", the base_model of the models of this deployment',
        ),
        (
            owned("x1") + owned("x2", deployments=deployment(INDEX, version='"2"') + deployment(CODEX)),
            "upstreams[1].deployments[0].version",
            '"2"',
            r'must be "1", as in upstreams\[0\].deployments\[1\], of the same name',
        ),
        (
            owned("swedencentral") + owned("eastus2", short="swe"),
            "upstreams[1].location_short",
            '"swe"',
            r"must be another name than that of upstreams\[0\]",
        ),
        (
            owned("swedencentral") + existing("pvc-dev-aigateway-ai-swe", 'auth = "managed_identity"'),
            "upstreams[1].endpoint",
            '"https://pvc-dev-aigateway-ai-swe.openai.azure.com"',
            "must be another resource than that of swedencentral, which the stack makes",
        ),
        (
            existing("a", f'auth = "managed_identity"\naccount_id = "{ACCOUNT[:-1]}"'),
            "upstreams[0].account_id",
            '"/subs',
            "must be the id of an account",
        ),
        (existing("a", f'account_id = "{ACCOUNT}"'), "upstreams[0].account_id", '"/subs', "a key needs no role"),
        (
            "".join(existing(name, f'auth = "managed_identity"\naccount_id = "{ACCOUNT}"') for name in "ab"),
            "upstreams[1].account_id",
            '"/subs',
            r"must be another resource than that of upstreams\[0\]",
        ),
        (
            existing("a", f'auth = "managed_identity"\naccount_id = "{ACCOUNT}"')
            + existing("b", f'auth = "managed_identity"\naccount_id = "{ACCOUNT[:-2]}AA"'),
            "upstreams[1].account_id",
            '"/subs',
            r"must be another resource than that of upstreams\[0\]",
        ),
        (
            owned("x1") + owned("x1", short="x2"),
            "upstreams[1].name",
            '"x1"',
            r"must be another name than that of upstreams\[0\]",
        ),
        (existing("a", 'auth = "none"'), "upstreams[0].auth", '"none"', 'must be "key" or "managed_identity"'),
        ("keyless = true\n" + existing("a", 'auth = "key"'), "upstreams[0].auth", '"key"', "keyless is true"),
        ('keyless = true\nazure_openai.auth = "key"', "azure_openai.auth", '"key"', "keyless is true"),
        (
            existing("a", 'auth = "managed_identity"').replace("a.openai.azure.com", REGIONAL),
            "upstreams[0].endpoint",
            f'"https://{REGIONAL}"',
            "must have the resource's own subdomain",
        ),
        (
            f'azure_openai.auth = "managed_identity"\nembeddings.endpoint = "https://{REGIONAL}"',
            "embeddings.endpoint",
            f'"https://{REGIONAL}"',
            "Azure takes no tokens at a region's endpoint",
        ),
        (
            f'keyless = true\nazure_openai.endpoint = "https://{REGIONAL}"',
            "azure_openai.endpoint",
            f'"https://{REGIONAL}"',
            "Azure takes no tokens",
        ),
        ('azure_openai.auth = "key"\n' + existing("a"), "upstreams", "", "without azure_openai.auth"),
        (
            "keyless = true\n" + existing("a").replace(".com", ".us"),
            "upstreams[0].endpoint",
            '"https://a.openai.azure.us"',
            'must be in the cloud of azure_openai.token_scope, .* set it to "https://cognitiveservices.azure.us/.default"',
        ),
        (
            'azure_openai = {auth = "managed_identity", endpoint = "https://a.cognitiveservices.azure.cn"}',
            "azure_openai.endpoint",
            '"https://a.cognitiveservices.azure.cn"',
            'set it to "https://cognitiveservices.azure.cn/.default"',
        ),
        ("keyless = 2", "keyless", "2", "must be true or false"),
        (
            'azure_openai.token_scope = "https://ai.azure.com"',
            "azure_openai.token_scope",
            '"https:',
            "a scope of Entra",
        ),
    ],
)
def test_an_impossible_upstream_is_refused(
    refuses: Refuses, content: str, field: str, value: str, allowed: str
) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


def test_a_missing_field_is_told_by_its_place_in_the_file_alone(write: WriteFile) -> None:
    file = write('env = "dev"\n[[upstreams]]\nname = "x1"\nlocation = "x1"\n[[upstreams.deployments]]\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    missing = "is missing; every table of this kind must give it"
    assert refusal.value.mistakes == tuple(
        f"{file}: upstreams[0].{field}: {missing}"
        for field in ("location_short", *(f"deployments[0].{name}" for name in ("name", "version", "capacity")))
    )


def test_a_variable_gives_upstreams_of_both_kinds_and_is_blamed_for_them(
    write: WriteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployments: list[Mapping[str, object]] = [{"name": name, "version": "1", "capacity": 1} for name in (CODEX, INDEX)]
    tables = [
        {"name": "a", "endpoint": "https://a.openai.azure.com"},
        {"name": "b", "location": "uksouth", "location_short": "bb", "deployments": deployments},
    ]
    monkeypatch.setenv("AIGATEWAY_UPSTREAMS", json.dumps(tables))
    settings = load(write, "")
    assert [upstream.name for upstream in settings.all_upstreams] == ["a", "b"]
    assert settings.owned_upstreams[0].deployments[0].capacity == 1

    monkeypatch.setenv("AIGATEWAY_UPSTREAMS", json.dumps([*tables[:1], {"name": "b"}]))
    with pytest.raises(SettingsError) as refusal:
        load(write, "")
    assert refusal.value.mistakes[0].startswith(
        "AIGATEWAY_UPSTREAMS (environment variable): upstreams[1]: has neither: must have either endpoint"
    )


def test_an_owned_model_past_its_retirement_is_refused(write: WriteFile) -> None:
    ours = deployment("our-codex", f'model = "{CODEX}"') + deployment(INDEX)
    settings = load(
        write, f'codex = {{deployment = "our-codex", base_model = "{CODEX}"}}\n' + owned("x1", deployments=ours)
    )

    with pytest.raises(SettingsError, match=f"Azure has retired {CODEX}"):
        check_dates([settings], today=CODEX_RETIRES)


def test_another_cloud_has_another_scope_and_a_key_needs_none(write: WriteFile) -> None:
    scope = 'azure_openai.token_scope = "https://cognitiveservices.azure.us/.default"\n'
    government = existing("a").replace(".com", ".us")

    assert load(write, f"{scope}keyless = true\n{government}").is_keyless
    assert not load(write, government).is_keyless


def test_the_keyless_environment_of_the_tests_has_three_regions_and_no_key() -> None:
    settings = load_environment(KEYLESS)

    assert settings.is_keyless
    assert [upstream.priority for upstream in settings.owned_upstreams] == [1, 2, 3]
    assert all(
        upstream.serves(model.deployment) for upstream in settings.owned_upstreams for model in settings.all_models
    )
