"""Who may use the gateway."""

import pytest

from gateway.secrets import build_project_keys
from settings.errors import SettingsError
from settings.loading import load_environment
from tests.settings.conftest import Refuses, WriteFile

FILE = """
env = "dev"
[projects.roo]
default = true
requests_per_minute = 60
tokens_per_minute = 100_000
parallel_requests = 8
models = ["gpt-5.3-codex"]
[projects.index-runs]
[projects.a]
"""


def test_projects_keep_the_order_of_the_file(write: WriteFile) -> None:
    settings = load_environment(write(FILE))

    assert list(settings.all_projects) == ["roo", "index-runs", "a"]
    assert settings.all_projects["roo"].model_dump() == {
        "default": True,
        "models": ("gpt-5.3-codex",),
        "requests_per_minute": 60,
        "tokens_per_minute": 100_000,
        "parallel_requests": 8,
    }
    assert set(settings.all_projects["a"].model_dump(exclude={"default"}).values()) == {None}


def test_without_any_there_is_one_that_may_do_everything(write: WriteFile) -> None:
    projects = load_environment(write('env = "dev"')).all_projects

    assert list(projects) == ["default"]
    assert set(projects["default"].model_dump(exclude={"default"}).values()) == {None}


@pytest.mark.parametrize(
    ("name", "text"),
    [("PROJECTS__A__REQUESTS_PER_MINUTE", "5"), ("PROJECTS", '{"a": {"requests_per_minute": 5}}')],
)
def test_a_variable_sets_a_part_and_leaves_the_order(
    write: WriteFile, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"AIGATEWAY_{name}", text)
    monkeypatch.setenv("AIGATEWAY_PROJECTS__ROO__MODELS", "text-embedding-3-large, gpt-5.3-codex")
    projects = load_environment(write(FILE)).all_projects

    assert list(projects) == ["roo", "index-runs", "a"]
    assert projects["a"].requests_per_minute == 5
    assert projects["roo"].models == ("text-embedding-3-large", "gpt-5.3-codex")
    assert projects["roo"].requests_per_minute == 60


@pytest.mark.parametrize("text", ['["gpt-5.3-codex"]', "gpt-5.3-codex"])
def test_the_projects_models_are_given_with_commas_or_as_json(
    write: WriteFile, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIGATEWAY_PROJECTS__DEFAULT__MODELS", text)

    assert load_environment(write('env = "dev"')).all_projects["default"].models == ("gpt-5.3-codex",)


def test_what_variables_alone_give_is_in_the_order_of_the_names(
    write: WriteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ROO", "INDEX", "QODER"):
        monkeypatch.setenv(f"AIGATEWAY_PROJECTS__{name}__PARALLEL_REQUESTS", "5")
    monkeypatch.setenv("AIGATEWAY_PROJECTS__QODER__DEFAULT", "true")

    settings = load_environment(write('env = "dev"'))
    assert list(settings.projects) == ["index", "qoder", "roo"]
    assert list(settings.all_projects) == ["qoder", "index", "roo"]


@pytest.mark.parametrize(
    ("content", "default"),
    [
        ("", "default"),
        ("[projects.roo]", "roo"),
        ("[projects.roo]\n[projects.default]", "default"),
        ("[projects.a]\n[projects.roo]\ndefault = true", "roo"),
        ("[projects.roo]\n[projects.default]\ndefault = true", "default"),
    ],
)
def test_the_default_project_says_so_or_is_called_so_or_is_the_only_one(
    write: WriteFile, content: str, default: str
) -> None:
    settings = load_environment(write(f'env = "dev"\n{content}'))

    assert settings.default_project == default
    assert [name for name, keys in build_project_keys(settings).items() if keys[0].name == "gateway_key"] == [default]


def test_a_variable_with_a_misspelt_project_is_told(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_PROJECTS__RO__REQUESTS_PER_MINUTE", "5")
    file = write(FILE)

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    (mistake,) = refusal.value.mistakes
    assert mistake.startswith(
        "AIGATEWAY_PROJECTS__RO__REQUESTS_PER_MINUTE (environment variable): projects.ro: must be"
    )
    assert mistake.endswith(f"a project of {file}, which are roo, index-runs, a")


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        ("[projects.Roo]", "projects.Roo", '"Roo"', "1 to 32 lower-case letters, digits and single inner hyphens"),
        ("[projects.a_b]", "projects.a_b", '"a_b"', "1 to 32 lower-case letters, digits and single inner hyphens"),
        ("[projects.secondary]", "projects.secondary", '"secondary"', "as the second keys of the projects do"),
        ("[projects.a-secondary]", "projects.a-secondary", '"a-sec', 'must not end with "secondary"'),
        ("[projects.a]\nbudget = 5", "projects.a.budget", "5", "allowed are default, models, requests_per_minute"),
        (
            "[projects.a]\nmonthly_tokens = 5",
            "projects.a.monthly_tokens",
            "",
            "none of them knows what a project has used",
        ),
        (
            "[projects.a]\nmonthly_cost = 5",
            "projects.a.monthly_cost",
            "5",
            "use observability.budget, obs.*tokens_per_day",
        ),
        ("[projects.a]\nrequests_per_minute = 0", "projects.a.requests_per_minute", "0", "from 1 to 1000000"),
        ("[projects.a]\ntokens_per_minute = -5", "projects.a.tokens_per_minute", "-5", "from 1 to 1000000000"),
        ("[projects.a]\nparallel_requests = 0.5", "projects.a.parallel_requests", "0.5", "from 1 to 10000"),
        ("[projects.a]\nmodels = []", "projects.a.models", "[]", "must name a model, or be left out for all of them"),
        ('[projects.a]\nmodels = {a = "b"}', "projects.a.models", "", "must be a list of models"),
        (
            '[projects.a]\nmodels = ["gpt-5.3-codex", "gpt-6"]',
            "projects.a.models[1]",
            '"gpt-6"',
            "must be one of the models, which are gpt-5.3-codex, text-embedding-3-large",
        ),
        (
            "[projects.a]\n[projects.b]",
            "projects",
            "",
            r"must have one with default = true, .*; these are a, b\. In an",
        ),
        (
            "[projects.a]\ndefault = true\n[projects.default]",
            "projects.a.default",
            "true",
            'in one project only, and in none beside one called "default"; these are a, default',
        ),
        ("[projects.a]\ndefault = 1", "projects.a.default", "1", "must be true or false"),
        ("projects.a = 5", "projects.a", "5", "must be a table of settings"),
        ("projects = 5", "projects", "5", r"must be given as tables, each headed \[projects.<name>\]"),
        ("[[projects]]\nmodels = []", "projects", "", r"must be given as tables, each headed \[projects.<name>\]"),
    ],
)
def test_an_impossible_project_is_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


def test_two_defaults_are_refused(write: WriteFile) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_environment(write('env = "dev"\n[projects.a]\ndefault = true\n[projects.b]\ndefault = true'))

    assert [mistake.partition(" = ")[0].rpartition(": ")[2] for mistake in refusal.value.mistakes] == [
        "projects.a.default",
        "projects.b.default",
    ]
