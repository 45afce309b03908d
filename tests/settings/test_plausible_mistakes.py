"""Values of the right form that could not work: each message names file, field, value and what is allowed."""

import pytest

from gateway.containers import build_containers
from settings.errors import SettingsError
from settings.image import REPOSITORIES
from settings.loading import load_environment
from settings.locations import REGIONS
from tests.settings.conftest import Dev, Refuses, WriteFile
from tests.settings.test_owned_upstreams import existing, owned

TAG = ":v1.103.2@sha256:" + "a" * 64
HOST = r"must be a host of Azure OpenAI, like \*\.openai\.azure\.com"
MANY = 61


def endpoint(host: str) -> str:
    return f'azure_openai.endpoint = "https://{host}"'


def allowlist(*networks: str, external: bool = True) -> str:
    listed = ", ".join(f'"{network}"' for network in networks)
    return f"ingress = {{external = {str(external).lower()}, ip_allowlist = [{listed}]}}"


def projects(count: int) -> str:
    return "[projects.team-0]\ndefault = true\n" + "".join(f"[projects.team-{n}]\n" for n in range(1, count))


def upstreams(count: int) -> str:
    return "".join(existing(f"upstream-{number}") for number in range(count))


ENDPOINTS = [
    (
        endpoint("YOUR-RESOURCE.openai.azure.com"),
        "azure_openai.endpoint",
        '"https://YOUR',
        "is the placeholder of a doc",
    ),
    (endpoint("your-resource-name.openai.azure.com"), "azure_openai.endpoint", '"https://your', "the endpoint of your"),
    (endpoint("api.openai.com"), "azure_openai.endpoint", '"https://api.openai.com"', "an Azure OpenAI resource"),
    (
        f"{endpoint('api.openai.com')}\nazure_openai.allow_other_hosts = true",
        "azure_openai.endpoint",
        '"https://api.openai.com"',
        "an Azure OpenAI resource",
    ),
    (endpoint("ours.azure-api.net"), "azure_openai.endpoint", '"https://ours.azure-api.net"', HOST),
    (endpoint("ours.azure.com"), "azure_openai.endpoint", '"https://ours', "set azure_openai.allow_other_hosts = true"),
    (endpoint("a.b.openai.azure.com"), "azure_openai.endpoint", '"https://a.b.openai.azure.com"', HOST),
    ('embeddings.endpoint = "https://proxy.example.com"', "embeddings.endpoint", '"https://proxy', HOST),
    (
        existing("a").replace("a.openai.azure.com", "proxy.example.com"),
        "upstreams[0].endpoint",
        '"https://proxy.example.com"',
        HOST,
    ),
    (
        f'{endpoint("a.openai.azure.com")}\nembeddings.endpoint = "https://a.cognitiveservices.azure.com"',
        "embeddings.endpoint",
        '"https://a.cognitiveservices.azure.com"',
        "must be another resource than azure_openai.endpoint",
    ),
    (
        existing("a") + existing("b").replace("b.openai.azure.com", "a.services.ai.azure.com"),
        "upstreams[1].endpoint",
        '"https://a.services.ai.azure.com"',
        r"must be another resource than that of upstreams\[0\]",
    ),
]
API_VERSIONS = [
    ('codex.api_version = "2025-04-31"', "codex.api_version", '"2025-04-31"', "must be an API version of Azure OpenAI"),
    (
        'codex.api_version = "2023-05-15"',
        "codex.api_version",
        '"2023-05-15"',
        "2025-03-01-preview or later: .*Responses",
    ),
    ('embeddings.api_version = "2022-06-01-preview"', "embeddings.api_version", '"2022-06', "2022-12-01 or later"),
    (
        '[[models]]\nname = "gpt-4o"\nkind = "chat"\napi_version = "2022-12-01"',
        "models[0].api_version",
        '"2022-12-01"',
        "must be 2023-03-15-preview or later: before it, Azure had no chat completions",
    ),
    (
        '[[models]]\nname = "gpt-5.2-codex"\nkind = "responses"\napi_version = "2024-10-21"',
        "models[0].api_version",
        '"2024-10-21"',
        "must be 2025-03-01-preview or later",
    ),
]
LOCATIONS = [
    ('location = "atlantis"', "location", '"atlantis"', "an Azure region as in .* set allow_unlisted_location = true"),
    (
        'location = "southafricawest"\nlocation_short = "saw"',
        "location",
        '"southafricawest"',
        "a region with Container",
    ),
    ('location = "swedencentral"', "location_short", '"san"', "like swc: san is that of southafricanorth"),
    ('location_short = "weu"', "location_short", '"weu"', "short name of southafricanorth, like san: weu is that of w"),
    (owned("atlantis"), "upstreams[0].location", '"atlantis"', "an Azure region as in"),
    (owned("uksouth", short="swc"), "upstreams[0].location_short", '"swc"', "like uks: swc is that of swedencentral"),
]
IMAGES = [
    (
        f'containers.image = "docker.io/library/python{TAG}"',
        "containers.image",
        '"docker.io/',
        "from LiteLLM's reposit",
    ),
    (
        f'containers = {{mirror = "r.example.com/a", image = "r.example.com/b{TAG}"}}',
        "containers.image",
        '"r.example.com/b:',
        "or r.example.com/a",
    ),
    (
        'containers.mirror = "r.example.com/a:v1"',
        "containers.mirror",
        '"r.example.com/a:v1"',
        "a repository without tag",
    ),
]
NETWORKS = [
    (allowlist("0.0.0.0/0"), "ingress.ip_allowlist[0]", '"0.0.0.0/0"', "To let any address connect, leave the list"),
    (allowlist("128.0.0.0/1"), "ingress.ip_allowlist[0]", '"128.0.0.0/1"', "a network of /8 or smaller"),
    (allowlist("203.0.113.0/24", "203.0.113.0/24"), "ingress.ip_allowlist", "[", "203.0.113.0/24 is there twice"),
    (
        allowlist("203.0.113.0/24", "203.0.113.7/32"),
        "ingress.ip_allowlist",
        "[",
        "must be networks that do not overlap",
    ),
    (allowlist("10.0.0.0/8"), "ingress.ip_allowlist", "[", "where ingress.external is true: .* never from 10.0.0.0/8"),
    *(
        (allowlist(network), "ingress.ip_allowlist", "[", f"public networks .* never from {network}")
        for network in ("0.0.0.0/8", "224.0.0.0/8", "255.255.255.255/32")
    ),
    (allowlist("100.64.0.0/16"), "ingress.ip_allowlist", "[", "must be public networks"),
]
TYPES = [
    ('ingress.external = "yes"', "ingress.external", '"yes"', "must be true or false"),
    ('ingress.external = "true"', "ingress.external", '"true"', "must be true or false"),
    ("keyless = 1", "keyless", "1", "must be true or false"),
    ('scale.max_replicas = "3"', "scale.max_replicas", '"3"', "must be a whole number from 1 to 300"),
    ("scale.max_replicas = 3.0", "scale.max_replicas", "3.0", "must be a whole number from 1 to 300"),
    ('timeouts.idle_s = "60"', "timeouts.idle_s", '"60"', "must be a number of seconds from 0.1 to 230"),
    ("timeouts.idle_s = true", "timeouts.idle_s", "true", "must be a number of seconds from 0.1 to 230"),
]
LISTS_AND_DATES = [
    ('ingress.ip_allowlist = "203.0.113.0/24"', "ingress.ip_allowlist", '"203.0.113.0/24"', "must be a list of IPv4"),
    ('[projects.a]\nmodels = "gpt-5.3-codex"', "projects.a.models", '"gpt-5.3-codex"', "must be a list of models"),
    ("codex.retires = 0", "codex.retires", "0", "must be a date like 2027-08-24"),
    ('codex.retires = "2027-08-24"', "codex.retires", '"2027-08-24"', "must be a date like 2027-08-24"),
    ("codex.retires = 2027-08-24T00:00:00", "codex.retires", '"2027-08-24 00:00:00"', "must be a date like"),
]
COUNTS = [
    (projects(MANY), "projects", "", "must be at most 60 projects, .*; these are 61"),
    (upstreams(MANY), "upstreams", "", "must be at most 60 upstreams, .*; these are 61"),
]
RESERVED = [
    ('tags = {Azure-cost = "1"}', "tags", "", "must not start with microsoft, azure, windows, .* as azure-cost does"),
    ('projname = "microsoft-copilot"', "projname", '"microsoft-copilot"', "must not contain microsoft: Azure reserves"),
    (
        'backend.storage_account_name = "mymicrosoftstate"',
        "backend.storage_account_name",
        '"mymi',
        "not contain micros",
    ),
    ('location_short = "windows"', "location_short", '"windows"', "must not contain windows"),
    (existing("github-models"), "upstreams[0].name", '"github-models"', "GitHub reserves such names of secrets"),
    (
        existing("identity"),
        "upstreams[0].name",
        '"identity"',
        "IDENTITY_ENDPOINT is a variable of the managed identity",
    ),
    (existing("msi"), "upstreams[0].name", '"msi"', "MSI_ENDPOINT is a variable of the managed identity"),
]
NIL = "00000000-0000-0000-0000-000000000000"
OF_SOMEBODY = f"/subscriptions/{NIL}/resourceGroups/rg/providers"
PLACEHOLDERS = [
    (f'{field} = "{value}"', field, f'"{value[:99]}', f"must be an id of yours: {NIL} is the placeholder of documents")
    for field, value in {
        "subscription_id": NIL,
        "tenant_id": NIL,
        "existing.log_analytics_workspace": f"{OF_SOMEBODY}/Microsoft.OperationalInsights/workspaces/logs",
        "registry.id": f"{OF_SOMEBODY}/Microsoft.ContainerRegistry/registries/images",
        "network.infrastructure_subnet_id": f"{OF_SOMEBODY}/Microsoft.Network/virtualNetworks/net/subnets/apps",
        "observability.action_group_id": f"{OF_SOMEBODY}/Microsoft.Insights/actionGroups/people",
    }.items()
]


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        *ENDPOINTS,
        *API_VERSIONS,
        *LOCATIONS,
        *IMAGES,
        *NETWORKS,
        *TYPES,
        *LISTS_AND_DATES,
        *COUNTS,
        *RESERVED,
        *PLACEHOLDERS,
    ],
)
def test_a_plausible_mistake_is_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


@pytest.mark.parametrize("env", ["microsoft", "windows11"])
def test_an_environment_may_not_be_called_by_a_reserved_word(write: WriteFile, env: str) -> None:
    with pytest.raises(SettingsError, match=f'env = "{env}": must not contain [a-z]+: Azure reserves the word'):
        load_environment(write(f'env = "{env}"', f"{env}.toml"))


@pytest.mark.parametrize(
    "content",
    [
        endpoint("a.openai.azure.com"),
        endpoint("a.cognitiveservices.azure.com"),
        endpoint("a.services.ai.azure.com"),
        endpoint("swedencentral.api.cognitive.microsoft.com"),
        endpoint("a.openai.azure.us"),
        f'{endpoint("a.openai.azure.us")}\nembeddings.endpoint = "https://a.openai.azure.com"',
        endpoint("a.cognitiveservices.azure.cn"),
        f"{endpoint('proxy.example.com')}\nazure_openai.allow_other_hosts = true",
        "azure_openai.allow_other_hosts = true\n" + existing("a").replace("a.openai.azure.com", "proxy.example.com"),
        'codex.api_version = "2025-03-01-preview"',
        'codex.api_version = "v1"',
        'embeddings.api_version = "2022-12-01"',
        'location = "spaincentral"\nlocation_short = "spc"',
        'location_short = "za1"',
        'allow_unlisted_location = true\nlocation = "atlantis"\nlocation_short = "atl"',
        'allow_unlisted_location = true\nlocation = "southafricawest"\nlocation_short = "saw"',
        "allow_unlisted_location = true\n" + owned("atlantis"),
        owned("southafricawest", short="saw"),  # an Azure AI account needs no Container Apps there
        allowlist("203.0.113.0/25", "203.0.113.128/25"),
        allowlist("10.0.0.0/8", external=False),
        *(f'containers.image = "{repository}{TAG}"' for repository in REPOSITORIES),
    ],
)
def test_what_works_is_accepted(write: WriteFile, content: str) -> None:
    assert load_environment(write(f'env = "dev"\n{content}')).env == "dev"


def test_as_many_projects_or_upstreams_as_are_allowed_fit_into_the_container(write: WriteFile) -> None:
    for content in (projects(MANY - 1), upstreams(MANY - 1)):
        assert build_containers(load_environment(write(f'env = "dev"\n{content}')))


@pytest.mark.parametrize(("text", "value"), [("5", 5), (" 5 ", 5)])
def test_the_text_of_a_variable_is_a_number(dev: Dev, monkeypatch: pytest.MonkeyPatch, text: str, value: int) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE__MAX_REPLICAS", text)
    monkeypatch.setenv("AIGATEWAY_LIMITS", '{"queue_s": "7.5"}')

    assert (dev.load().scale.max_replicas, dev.load().limits.queue_s) == (value, 7.5)


def test_no_short_name_is_customary_for_two_regions() -> None:
    """Else the message could not say whose it is."""
    names = [short for region in REGIONS.values() for short in region.short]
    assert len(names) == len(set(names))
