"""The reader: questions, parameters, and values of the settings in their place."""

from datetime import date
from pathlib import Path

import pytest

import queries
from queries import QueryError, prices, query_names, read_query, retirements
from settings.loading import load_environments
from settings.models import Model
from tests import fixed_environments

CODEX = Model(name="codex", kind="responses", deployment="gpt-5.3-codex", retires=date(2027, 8, 24))
TEXT = """// How many?
let period = 1d;
let names = datatable(name: string)["a;b"];
let lines = T
    | where time > ago(period);
lines
| count
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of queries; it has one."""
    monkeypatch.setattr(queries, "FOLDER", tmp_path)
    (tmp_path / "some.kql").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_file_has_a_question_and_parameters_which_are_no_queries() -> None:
    query = read_query("some")
    assert query.question == "How many?"
    assert query.parameters == {"period": "1d", "names": 'datatable(name: string)["a;b"]'}


@pytest.mark.usefixtures("folder")
def test_a_value_replaces_the_default_and_may_itself_be_replaced() -> None:
    query = read_query("some").with_values(period="7d").with_values(names="dynamic(null)").with_values(period="2h")
    assert query.text == TEXT.replace("1d", "2h").replace('datatable(name: string)["a;b"]', "dynamic(null)")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["step", "lines"])
def test_an_unknown_parameter_is_refused(name: str) -> None:
    with pytest.raises(QueryError, match=rf"queries/some\.kql has no parameter {name}; it has: period, names"):
        read_query("some").with_values(**{name: "5m"})


@pytest.mark.usefixtures("folder")
def test_an_unknown_query_is_refused() -> None:
    with pytest.raises(QueryError, match=r"queries/other\.kql does not exist; there are: some"):
        read_query("other")


def test_a_file_without_a_question_is_refused(folder: Path) -> None:
    (folder / "bare.kql").write_text("T | count", encoding="utf-8")
    with pytest.raises(QueryError, match=r"queries/bare\.kql must begin with a question"):
        read_query("bare")


def test_every_file_is_a_query_whose_question_is_its_own() -> None:
    questions = [read_query(name).question for name in query_names()]
    assert len({*questions}) == len(questions) >= 14


def test_prices_are_those_of_the_models() -> None:
    models = [
        CODEX,
        CODEX.model_copy(update={"name": "no-cache", "cached_input_price": None}),
        CODEX.model_copy(update={"name": "unknown", "output_price": None}),
        Model(name="vectors", kind="embeddings", deployment="text-embedding-3-large"),
    ]
    assert prices(models) == (
        "datatable(model: string, input_price: real, cached_price: real, output_price: real)"
        '["codex", 1.75, 0.175, 14.0, "no-cache", 1.75, 1.75, 14.0, "vectors", 0.13, 0.13, 0.0]'
    )


def test_retirements_are_those_of_the_models() -> None:
    models = [CODEX, CODEX.model_copy(update={"name": "eternal", "retires": None})]
    assert retirements(models) == 'datatable(model: string, retires: datetime)["codex", datetime(2027-08-24)]'


def test_the_settings_replace_what_they_know() -> None:
    settings = load_environments(fixed_environments.ENVIRONMENTS)[0]
    alerts = settings.observability.alerts.model_copy(update={"availability_percent": 99.9})
    observability = settings.observability.model_copy(update={"alerts": alerts})
    settings = settings.model_copy(update={"observability": observability})
    app = {"container_app": '"pvc-dev-aigateway-ca-san"'}
    for name, values in {
        "cost": {"prices": prices(settings.all_models)},
        "alert_retirement": {"retirements": retirements(settings.all_models)},
        "availability": {"target": "99.9"},
        "traffic": {},
    }.items():
        query = read_query(name)
        assert query.with_settings(settings).parameters == {**query.parameters, **app, **values}
