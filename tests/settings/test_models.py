"""Further models, and what two models may not have in common."""

import pytest

from settings.loading import load_environment
from tests.settings.conftest import Refuses, WriteFile

CHAT = 'name = "gpt-4o-mini"\nkind = "chat"'
LIKE_CHAT = 'name = "mm"\nkind = "responses"\ndeployment = "gpt-4o-mini"\napi_version = "v1"'
TWICE = f"[[models]]\n{CHAT}\n[[models]]\n{CHAT}\n"
EMBEDDING = 'name = "small"\nkind = "embeddings"\ndeployment = "text-embedding-3-small"'
PROMISE = "must be left out: the gateway enforces Azure's quota for embeddings only"
SAME = "of the same deployment$"
TO_CODEX = 'deployment = "gpt-5.3-codex"\napi_version = "2025-03-01-preview"'
TO_INDEX = 'deployment = "text-embedding-3-large"'


def test_a_model_needs_no_more_than_its_name_and_kind(write: WriteFile) -> None:
    content = "".join(
        f'[[models]]\nname = "{kind}-1"\nkind = "{kind}"\n' for kind in ("responses", "chat", "embeddings")
    )
    models = load_environment(write(f'env = "dev"\n{content}')).models

    assert [(model.name, model.deployment, model.api_version, model.dimension) for model in models] == [
        ("responses-1", "responses-1", "2025-04-01-preview", None),
        ("chat-1", "chat-1", "2024-10-21", None),
        ("embeddings-1", "embeddings-1", "2023-05-15", 3072),
    ]
    assert not any(model.translate for model in models)


def test_all_models_are_codex_embeddings_and_the_further_ones(write: WriteFile) -> None:
    content = (
        'codex.deployment = "codex-eu"\nembeddings = {model = "index", tokens_per_minute = 350000, dimension = 1024}'
    )
    settings = load_environment(write(f'env = "dev"\n{content}\n[[models]]\n{CHAT}\ntranslate = true\n'))

    codex, embeddings, chat = settings.all_models
    assert (codex.name, codex.deployment, codex.kind) == ("gpt-5.3-codex", "codex-eu", "responses")
    assert (embeddings.name, embeddings.deployment, embeddings.kind) == (
        "index",
        "text-embedding-3-large",
        "embeddings",
    )
    assert (embeddings.tokens_per_minute, embeddings.requests_per_minute, embeddings.dimension) == (350000, None, 1024)
    assert chat is settings.models[0]
    assert chat.translate


def test_two_models_may_share_a_deployment_one_of_them_translated(write: WriteFile) -> None:
    codex = 'name = "translated"\nkind = "responses"\ndeployment = "gpt-5.3-codex"\ntranslate = true'
    index = 'name = "index"\nkind = "embeddings"\ndeployment = "text-embedding-3-large"\nrequests_per_minute = 60'
    content = f"embeddings.requests_per_minute = 60\n[[models]]\n{codex}\n[[models]]\n{index}\n"

    assert len(load_environment(write(f'env = "dev"\n{content}')).all_models) == 4


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        ('[[models]]\nname = "*"\nkind = "chat"', "models[0].name", '"*"', "the name of a deployment"),
        ('[[models]]\nname = "azure/m"\nkind = "chat"', "models[0].name", '"azure/m"', "the name of a deployment"),
        (
            '[[models]]\nname = "mm"\nkind = "images"',
            "models[0].kind",
            '"images"',
            '"responses", "chat" or "embeddings"$',
        ),
        (f'[[models]]\n{CHAT}\napi_version = "1"', "models[0].api_version", '"1"', "an API version of Azure OpenAI"),
        (f"[[models]]\n{CHAT}\ntranslate = 3", "models[0].translate", "3", "true or false"),
        (f"[[models]]\n{CHAT}\ndimension = 3", "models[0].dimension", "3", "must be left out: only embeddings have"),
        (
            f"[[models]]\n{EMBEDDING}",
            "models[0].dimension",
            "3072",
            "at most 1536, which is the dimension of text-embedding-3-small",
        ),
        (
            'codex.reasoning_summary = "long"',
            "codex.reasoning_summary",
            '"long"',
            '"none", "auto", "concise" or "detailed"$',
        ),
        (
            f'[[models]]\n{CHAT}\nreasoning_summary = "auto"',
            "models[0].reasoning_summary",
            '"auto"',
            'must be left out: only models of the kind "responses" summarize their reasoning',
        ),
        (f"[[models]]\n{CHAT}\nrequests_per_minute = 9", "models[0].requests_per_minute", "9", PROMISE),
        (f"[[models]]\n{CHAT}\ntokens_per_minute = 9", "models[0].tokens_per_minute", "9", PROMISE),
        (
            f"[[models]]\n{CHAT}\nendpoint = 9",
            "models[0].endpoint",
            "9",
            "not a setting; allowed are name, kind, deploy",
        ),
        ("embeddings.requests_per_minute = 0", "embeddings.requests_per_minute", "0", "a whole number from 1 to"),
        (
            "codex.tokens_per_minute = 9",
            "codex.tokens_per_minute",
            "",
            "allowed are model, deployment, api_version, tr",
        ),
        ("models = 5", "models", "5", r"must be given as tables, each headed \[\[models\]\]"),
        ("models = [5]", "models[0]", "5", "must be a table of settings"),
        # two models
        (TWICE, "models[1].name", '"gpt-4o-mini"', r"must be another name than that of models\[0\]"),
        ('[[models]]\nname = "gpt-5.3-codex"\nkind = "chat"', "models[0].name", '"gpt-5', "name than that of codex"),
        ('[[models]]\nname = "text-embedding-3-large"\nkind = "chat"', "models[0].name", '"text', "that of embeddings"),
        ('embeddings.model = "gpt-5.3-codex"', "embeddings.model", '"gpt-5.3-codex"', "another name than codex.model"),
        (
            f'[[models]]\nname = "mm"\nkind = "responses"\n{TO_CODEX}',
            "models[0].api_version",
            '"2025-03-01-preview"',
            f'must be "2025-04-01-preview", as in codex, {SAME}',
        ),
        (
            f'embeddings.tokens_per_minute = 9\n[[models]]\nname = "mm"\nkind = "embeddings"\n{TO_INDEX}',
            "models[0].tokens_per_minute",
            "null",
            f"must be 9, as in embeddings, {SAME}",
        ),
        (
            f'[[models]]\n{CHAT}\napi_version = "v1"\n[[models]]\n{LIKE_CHAT}',
            "models[1].kind",
            '"responses"',
            rf'must be "chat", as in models\[0\], {SAME}',
        ),
    ],
)
def test_an_impossible_model_is_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    refuses(content, field=field, value=value, allowed=allowed)


def test_each_model_has_its_own_summary_of_reasoning_by_default_none(write: WriteFile) -> None:
    content = f'codex.reasoning_summary = "auto"\n[[models]]\n{CHAT}\n[[models]]\nname = "mm"\nkind = "responses"'
    content += '\ndeployment = "gpt-5.3-codex"'
    models = load_environment(write(f'env = "dev"\n{content}')).all_models

    summaries = {model.name: model.reasoning_summary for model in models if model.kind != "embeddings"}
    assert summaries == {"gpt-5.3-codex": "auto", "gpt-4o-mini": "none", "mm": "none"}


def test_a_quota_that_only_one_of_them_has_is_to_be_left_out(refuses: Refuses) -> None:
    content = f'[[models]]\nname = "mm"\nkind = "embeddings"\n{TO_INDEX}\nrequests_per_minute = 5'
    allowed = f"must be left out, as in embeddings, {SAME}"
    refuses(content, field="models[0].requests_per_minute", value="5", allowed=allowed)
