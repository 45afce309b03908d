"""Several Azure OpenAI resources, and what stands for them when one is named the short way."""

import pytest

from settings.errors import SettingsError
from settings.loading import load_environment
from tests.settings.conftest import Refuses, WriteFile

CODEX, INDEX = "gpt-5.3-codex", "text-embedding-3-large"


def upstream(name: str, more: str = "", *, host: str = "") -> str:
    return f'[[upstreams]]\nname = "{name}"\nendpoint = "https://{host or name}.openai.azure.com/"\n{more}\n'


def test_each_upstream_has_a_name_a_priority_and_what_it_serves(write: WriteFile) -> None:
    content = upstream("first") + upstream("second-2", f'priority = 2\ndeployments = ["{CODEX}"]')
    settings = load_environment(write(f'env = "dev"\n{content}'))
    first, second = settings.all_upstreams

    assert (first.name, settings.endpoint_of(first), first.priority) == ("first", "https://first.openai.azure.com", 1)
    assert (second.name, second.priority) == ("second-2", 2)
    assert [(one.serves(CODEX), one.serves(INDEX)) for one in (first, second)] == [(True, True), (True, False)]


def test_the_short_form_is_one_upstream_for_everything(write: WriteFile) -> None:
    settings = load_environment(write('env = "dev"'))
    (only,) = settings.all_upstreams

    assert (only.name, settings.endpoint_of(only)) == ("azure-openai", settings.azure_openai.endpoint)
    assert only.serves("anything")


def test_with_a_resource_of_their_own_embeddings_leave_the_other_one(write: WriteFile) -> None:
    more = '[[models]]\nname = "gpt-4o-mini"\nkind = "chat"\n'
    content = f'env = "dev"\nembeddings.endpoint = "https://e.openai.azure.com"\n{more}'
    settings = load_environment(write(content))
    main, own = settings.all_upstreams

    assert (main.name, main.deployment_names) == ("azure-openai", (CODEX, "gpt-4o-mini"))
    assert (own.name, settings.endpoint_of(own)) == ("azure-openai-embeddings", "https://e.openai.azure.com")
    assert own.deployment_names == (INDEX,)


NAME = "1 to 32 lower-case letters, digits and single inner hyphens"
KNOWN = f"must be the deployment of a model: {CODEX}, {INDEX}"


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        (upstream("Sweden", host="x"), "upstreams[0].name", '"Sweden"', NAME),
        (upstream("a_b", host="x"), "upstreams[0].name", '"a_b"', NAME),
        (upstream("x" * 33), "upstreams[0].name", '"xxx', NAME),
        (upstream("gateway-key"), "upstreams[0].name", '"gateway-key"', "as the keys of the projects do"),
        (upstream("a", "priority = 0"), "upstreams[0].priority", "0", "a whole number from 1 to 100"),
        (
            upstream("a", "key = 0"),
            "upstreams[0].key",
            "",
            "allowed are name, priority, endpoint, auth, account_id, depl",
        ),
        (upstream("a", "deployments = 5"), "upstreams[0].deployments", "5", "must be a list of deployments"),
        (upstream("a", f'deployments = ["{CODEX}", "x/y"]'), "upstreams[0].deployments[1]", '"x/y"', "name of a depl"),
        (upstream("a") + upstream("a", host="b"), "upstreams[1].name", '"a"', r"name than that of upstreams\[0\]"),
        (
            upstream("a") + upstream("b", host="A"),
            "upstreams[1].endpoint",
            '"https://a.',
            r"than that of upstreams\[0\]",
        ),
        (
            upstream("a") + upstream("b", f'deployments = ["{CODEX}", "gpt-6"]'),
            "upstreams[1].deployments[1]",
            '"gpt-6"',
            KNOWN,
        ),
        (upstream("a", f'deployments = ["{CODEX}"]'), "upstreams", "", f"in none of their lists: {INDEX}$"),
        (upstream("a", "deployments = []"), "upstreams", "", f"in none of their lists: {CODEX}, {INDEX}$"),
        (
            'azure_openai.endpoint = "https://b.openai.azure.com"\n' + upstream("a"),
            "upstreams",
            "",
            "without azure_openai.en",
        ),
        (
            'embeddings.endpoint = "https://b.openai.azure.com"\n' + upstream("a"),
            "upstreams",
            "",
            "without embeddings.endpo",
        ),
        ('upstreams = "a"', "upstreams", '"a"', r"must be given as tables, each headed \[\[upstreams\]\]"),
        ("[upstreams.a]", "upstreams", "", r"must be given as tables, each headed \[\[upstreams\]\]"),
        (
            'azure_openai.endpoint = "https://b.openai.azure.com"\nembeddings.endpoint = "https://B.openai.azure.com/"',
            "embeddings.endpoint",
            '"https://b.openai.azure.com"',
            "must be another resource than azure_openai.endpoint, or left out",
        ),
    ],
)
def test_an_impossible_upstream_is_refused(
    refuses: Refuses, content: str, field: str, value: str, allowed: str
) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


def test_an_upstream_without_an_address_is_told(write: WriteFile) -> None:
    file = write('env = "dev"\n[[upstreams]]\nname = "a"\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    (mistake,) = refusal.value.mistakes
    assert mistake == (
        f"{file}: upstreams[0]: has neither: must have either endpoint (of a resource that exists) or location (of one "
        "that the stack makes)"
    )


def test_an_upstream_is_not_refused_for_a_model_that_was(write: WriteFile) -> None:
    """What its deployments might be is unknown then."""
    content = 'codex.api_version = "x"\n[[models]]\nname = "*"\nkind = "chat"\n' + upstream("a", 'deployments = ["x1"]')
    file = write(f'env = "dev"\n{content}[projects.p]\nmodels = ["x2"]\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert [mistake.split()[1] for mistake in refusal.value.mistakes] == ["codex.api_version", "models[0].name"]
