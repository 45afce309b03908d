"""What the settings know of Azure's models, and how a file corrects it."""

import json
from datetime import date

import pytest

from settings.loading import load_environment
from settings.model_facts import MODEL_FACTS
from settings.models import Kind, Model
from tests.settings.conftest import Refuses, WriteFile

FACTS = ("context_window", "max_output_tokens", "vision", "reasoning_efforts", "input_price", "output_price", "retires")


def test_the_default_models_are_known(write: WriteFile) -> None:
    codex, embeddings = load_environment(write('env = "dev"')).all_models

    assert (codex.context_window, codex.max_output_tokens, codex.vision) == (400_000, 128_000, True)
    assert codex.reasoning_efforts == ("low", "medium", "high", "xhigh")
    assert (codex.input_price, codex.cached_input_price, codex.output_price) == (1.75, 0.175, 14.0)
    assert embeddings.context_window == 8192
    assert (embeddings.max_output_tokens, embeddings.vision, embeddings.output_price) == (None, None, None)
    assert codex.retires
    assert embeddings.retires


def test_of_a_deployment_with_another_name_nothing_is_known(write: WriteFile) -> None:
    content = '[codex]\ndeployment = "team-codex"\n[[models]]\nname = "mm"\nkind = "chat"'
    codex, _, chat = load_environment(write(f'env = "dev"\n{content}')).all_models

    assert {getattr(model, fact) for model in (codex, chat) for fact in FACTS} == {None}


def test_the_base_model_tells_what_a_deployment_is(write: WriteFile) -> None:
    base = 'base_model = "gpt-5.3-codex"'
    content = f'[codex]\ndeployment = "team-codex"\n{base}\n[[models]]\nname = "mm"\nkind = "responses"\n{base}'
    codex, _, model = load_environment(write(f'env = "dev"\n{content}')).all_models

    known = MODEL_FACTS["gpt-5.3-codex"]
    for found in (codex, model):
        assert {fact: getattr(found, fact) for fact in FACTS} == {fact: getattr(known, fact) for fact in FACTS}


def test_embeddings_have_no_facts_of_an_answer_whatever_their_deployment_is_called(write: WriteFile) -> None:
    content = '[embeddings]\ndeployment = "gpt-5.4"\n[[models]]\nname = "gpt-5.5"\nkind = "embeddings"'
    _, *embeddings = load_environment(write(f'env = "dev"\n{content}')).all_models

    for model in embeddings:
        assert (model.context_window, model.max_output_tokens, model.vision) == (1_050_000, None, None)


def test_a_file_corrects_what_is_known(write: WriteFile) -> None:
    content = (
        "[codex]\ncontext_window = 272_000\nmax_output_tokens = 64_000\nvision = false\nreasoning_efforts = ['low']\n"
        "input_price = 2\ncached_input_price = 0.5\noutput_price = 20\nretires = 2030-01-31\n"
        "[embeddings]\ncontext_window = 8000\ninput_price = 0.2\nretires = 2031-01-31"
    )
    codex, embeddings = load_environment(write(f'env = "dev"\n{content}')).all_models

    assert (codex.context_window, codex.max_output_tokens, codex.vision) == (272_000, 64_000, False)
    assert codex.reasoning_efforts == ("low",)
    assert (codex.input_price, codex.cached_input_price, codex.output_price) == (2, 0.5, 20)
    assert (codex.retires, embeddings.retires) == (date(2030, 1, 31), date(2031, 1, 31))
    assert (embeddings.context_window, embeddings.input_price) == (8000, 0.2)


def test_variables_correct_it_too(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_CODEX__REASONING_EFFORTS", "none, low")
    monkeypatch.setenv("AIGATEWAY_CODEX__RETIRES", "2030-01-31")
    monkeypatch.setenv("AIGATEWAY_MODELS", json.dumps([{"name": "mm", "kind": "chat", "retires": "2030-01-31"}]))
    codex, _, model = load_environment(write('env = "dev"')).all_models

    assert codex.reasoning_efforts == ("none", "low")
    assert codex.retires == model.retires == date(2030, 1, 31)


UNPRICED = 'codex.base_model = "gpt-5.4"\n'


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        ("codex.base_model = '*'", "codex.base_model", '"*"', "the name of one of Azure's models"),
        ("codex.context_window = 0", "codex.context_window", "0", "a whole number from 1 to"),
        ("codex.context_window = 4000", "codex.max_output_tokens", "128000", "at most context_window, which is 4000$"),
        ("codex.vision = 1.5", "codex.vision", "1.5", "true or false"),
        ("codex.reasoning_efforts = ['huge']", "codex.reasoning_efforts[0]", '"huge"', '"none", "minimal", "low"'),
        ("codex.reasoning_efforts = 5", "codex.reasoning_efforts", "5", "must be a list of efforts"),
        ("codex.input_price = -1", "codex.input_price", "-1", "a number from 0"),
        (f"{UNPRICED}codex.input_price = 2", "codex.output_price", "null", "must be given, or input_price be left out"),
        (f"{UNPRICED}codex.output_price = 2", "codex.output_price", "2", "must be left out, or input_price be given"),
        (f"{UNPRICED}codex.cached_input_price = 2", "codex.cached_input_price", "2", "no cost without it"),
        ('[[models]]\nname = "mm"\nkind = "chat"\ninput_price = 1', "models[0].output_price", "null", "must be given"),
        (
            "codex.cached_input_price = 17",
            "codex.cached_input_price",
            "17",
            "at most input_price, which is 1.75; left out, it is the listed price$",
        ),
        ("codex.retires = 'soon'", "codex.retires", '"soon"', "a date like 2027-08-24"),
        ("embeddings.vision = true", "embeddings.vision", "true", "allowed are deployment, model, base_model"),
        (
            '[[models]]\nname = "mm"\nkind = "embeddings"\nmax_output_tokens = 5',
            "models[0].max_output_tokens",
            "5",
            "must be left out: embeddings have none",
        ),
        (
            '[[models]]\nname = "mm"\nkind = "responses"\ndeployment = "gpt-5.3-codex"\nbase_model = "gpt-5.4"',
            "models[0].base_model",
            '"gpt-5.4"',
            'must be "gpt-5.3-codex", as in codex',
        ),
    ],
)
def test_impossible_facts_are_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


@pytest.mark.parametrize("name", MODEL_FACTS)
def test_everything_known_is_possible(name: str) -> None:
    kind: Kind = "embeddings" if MODEL_FACTS[name].dimension else "responses"
    model = Model(name=name, kind=kind, dimension=MODEL_FACTS[name].dimension)

    assert {fact: getattr(model, fact) for fact in FACTS} == {fact: getattr(MODEL_FACTS[name], fact) for fact in FACTS}
    assert model.context_window
    assert model.retires
