"""Responses that Azure has stored: read, continued, cancelled and deleted in any replica, by their project alone."""

from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session

from .azure_regions import AzureRegions
from .conftest import Client
from .surfaces import CODEX, HI, TRANSLATED_CODEX

V1_CODEX = "codex-v1"
by_model = pytest.mark.parametrize("model", [CODEX, V1_CODEX])


def _sdk(client: Client, azure: AzureRegions, project: str = "team") -> openai.OpenAI:
    """The SDK of a project; without the canary in the query, which these routes refuse."""
    return client.sdk.copy(api_key=azure.session.keys[project][0], set_default_query={})


@pytest.fixture
def sdk(client: Client, azure: AzureRegions) -> openai.OpenAI:
    """The SDK of the project that makes the responses."""
    return _sdk(client, azure)


@pytest.fixture
def restarted(
    replica: Session, client_of: Callable[[Session], Client], azure: AzureRegions
) -> Callable[[str], openai.OpenAI]:
    """Makes the SDK of a project in front of a replica that has not seen any response."""
    client = client_of(replica)
    return lambda project: _sdk(client, azure, project)


def _respond_in(region: str, sdk: openai.OpenAI, azure: AzureRegions, **fields: Any) -> Any:  # noqa: ANN401
    for earlier in list(azure.regions)[: list(azure.regions).index(region)]:
        azure.fail(earlier, "500")
    response = sdk.responses.create(**{"model": CODEX, "input": "echo: first", **fields})
    azure.clear()
    return response


@by_model
@pytest.mark.parametrize("knows", [True, False], ids=["the same replica", "another replica"])
def test_its_project_reads_lists_continues_and_deletes_it(
    azure: AzureRegions, sdk: openai.OpenAI, restarted: Callable[[str], openai.OpenAI], model: str, *, knows: bool
) -> None:
    first = _respond_in("second", sdk, azure, model=model, metadata={"task": "7"})
    reader = sdk if knows else restarted("team")
    assert reader.responses.retrieve(first.id).model_dump() == first.model_dump()
    assert azure.regions_asked() == (["second"] if knows else ["first", "second", "second"])
    assert first.metadata == {"task": "7"}
    (item,) = reader.responses.input_items.list(first.id)
    assert item.content[0].text == "echo: first"  # type: ignore[union-attr,index]
    counted = reader.responses.input_tokens.count(model=model, input="one", previous_response_id=first.id)
    assert counted.input_tokens == 1 + first.usage.total_tokens
    second = reader.responses.create(model=model, input="echo: second", previous_response_id=first.id)
    assert (second.output_text.strip(), second.previous_response_id) == ("second", first.id)
    reader.responses.delete(first.id)
    for sdk_of_any in (sdk, restarted("team")):
        with pytest.raises(openai.NotFoundError):
            sdk_of_any.responses.retrieve(first.id)


@pytest.mark.parametrize("knows", [True, False], ids=["the same replica", "another replica"])
def test_for_another_project_it_does_not_exist(
    client: Client,
    azure: AzureRegions,
    sdk: openai.OpenAI,
    restarted: Callable[[str], openai.OpenAI],
    *,
    knows: bool,
) -> None:
    response = _respond_in("second", sdk, azure, background=True)
    other = _sdk(client, azure, "other") if knows else restarted("other")
    unknown = f"resp_{'0' * 48}"

    def errors(response_id: str) -> list[tuple[int, str]]:
        """Of every way to use a response, without the id itself."""
        uses: list[Callable[[], object]] = [
            lambda: other.responses.retrieve(response_id),
            lambda: other.responses.retrieve(response_id, stream=True),
            lambda: other.responses.input_items.list(response_id),
            lambda: other.responses.cancel(response_id),
            lambda: other.responses.delete(response_id),
            lambda: other.responses.create(model=CODEX, input="hi", previous_response_id=response_id),
            lambda: other.responses.create(model=CODEX, input="hi", previous_response_id=response_id, stream=True),
            lambda: other.responses.compact(model=CODEX, input="hi", previous_response_id=response_id),
            lambda: other.responses.input_tokens.count(model=CODEX, input="hi", previous_response_id=response_id),
        ]
        found = []
        for use in uses:
            with pytest.raises(openai.APIStatusError) as refused:
                use()
            found.append((refused.value.status_code, refused.value.response.text.replace(response_id, "ID")))
        return found

    foreign = errors(response.id)
    assert [status for status, _ in foreign] == [404] * 5 + [400] * 4
    assert foreign == errors(unknown)
    assert sdk.responses.retrieve(response.id).status == "completed"  # neither cancelled nor deleted


@pytest.mark.litellm
def test_a_translated_one_has_its_owner_too(client: Client, azure: AzureRegions, sdk: openai.OpenAI) -> None:
    response = sdk.responses.create(model=TRANSLATED_CODEX, input="echo: hi")
    assert response.metadata == {}
    assert sdk.responses.retrieve(response.id).output_text.strip() == "hi"
    other = _sdk(client, azure, "other")
    for model in (CODEX, TRANSLATED_CODEX):
        with pytest.raises(openai.BadRequestError) as refused:
            other.responses.create(model=model, input="hi", previous_response_id=response.id)
        assert refused.value.code == "previous_response_not_found"


@pytest.mark.litellm
def test_a_chat_that_is_stored_has_its_owner(azure: AzureRegions, sdk: openai.OpenAI) -> None:
    sdk.chat.completions.create(model=CODEX, messages=HI, store=True, metadata={"task": "7"})
    (request,) = azure.requests()
    assert request["body"]["metadata"].keys() == {"task", "gateway_project"}


def test_one_in_the_background_is_polled_and_cancelled(azure: AzureRegions, sdk: openai.OpenAI) -> None:
    queued = _respond_in("second", sdk, azure, background=True)
    assert queued.status == "queued"
    assert sdk.responses.retrieve(queued.id).status == "in_progress"
    done = sdk.responses.retrieve(queued.id)
    assert (done.status, done.output_text.strip()) == ("completed", "first")
    cancelled = sdk.responses.create(model=CODEX, input="echo: hi", background=True)
    assert sdk.responses.cancel(cancelled.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        sdk.responses.cancel(sdk.responses.create(model=CODEX, input="hi").id)


def test_a_stream_in_the_background_goes_on_in_another_replica(
    sdk: openai.OpenAI, restarted: Callable[[str], openai.OpenAI]
) -> None:
    with sdk.responses.create(model=CODEX, input="count to 5", background=True, stream=True) as stream:
        created = next(stream)
        assert created.type == "response.created"
    events = list(restarted("team").responses.retrieve(created.response.id, stream=True, starting_after=3))
    assert [event.sequence_number for event in events] == list(range(4, 4 + len(events)))
    assert events[-1].type == "response.completed"
    assert events[-1].response.metadata == {}


def test_tokens_in_the_background_count_when_they_are_read(client: Client, azure: AzureRegions) -> None:
    sdk = _sdk(client, azure, "background")
    queued = sdk.responses.create(model=CODEX, input="count to 50", background=True)

    def remaining() -> int:
        answer = sdk.responses.with_raw_response.retrieve(queued.id)
        return int(answer.headers["x-ratelimit-remaining-tokens"])

    before = remaining()
    done, again = (remaining() for _ in range(2))
    assert before - done in (0, 1)  # the header is written before a request has ended
    assert before - again >= 50
    assert client.line()["tokens"] is None


@by_model
def test_what_azure_stores_names_its_project_and_nothing_else_does(
    azure: AzureRegions, sdk: openai.OpenAI, model: str
) -> None:
    sdk.responses.create(model=model, input="hi", store=False)
    events = list(sdk.responses.create(model=model, input="hi", metadata={"a": "b"}, stream=True))
    assert not any("gateway_project" in event.to_json() for event in events)
    unmarked, marked = (request["body"] for request in azure.requests())
    assert "metadata" not in unmarked
    assert marked["metadata"].keys() == {"a", "gateway_project"}


def test_v1_calls_name_no_date_and_the_deployment_in_the_body(sdk: openai.OpenAI, azure: AzureRegions) -> None:
    sdk.responses.create(model=V1_CODEX, input="hi")
    assert sdk.chat.completions.create(model="chat-v1", messages=HI).choices[0].message.content == "hi"
    assert len(sdk.embeddings.create(model="embedding-v1", input="hi").data) == 1
    sent = [(request["path"], request["query"], request["body"]["model"]) for request in azure.requests()]
    assert sent == [
        ("/openai/v1/responses", {}, "our-codex"),
        ("/openai/v1/chat/completions", {}, "our-chat"),
        ("/openai/v1/embeddings", {}, "our-embedding"),
    ]


@pytest.mark.litellm
def test_a_translated_chat_reaches_azure_in_the_v1_form(sdk: openai.OpenAI, azure: AzureRegions) -> None:
    for streamed in (False, True):
        answer: Any = sdk.chat.completions.create(model=V1_CODEX, messages=HI, stream=streamed)
        text = (
            "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
            if streamed
            else (answer.choices[0].message.content)
        )
        assert text.strip() == "hi"
    assert {(request["path"], request["body"]["model"]) for request in azure.requests()} == {
        ("/openai/v1/responses", "our-codex")
    }


def test_a_client_may_use_azures_v1_form(sdk: openai.OpenAI, azure: AzureRegions, http: httpx.Client) -> None:
    v1 = sdk.copy(base_url=f"{azure.session.host_url}/openai/v1/")
    response = v1.responses.create(model=CODEX, input="echo: hi")
    assert v1.responses.retrieve(response.id).output_text.strip() == "hi"
    assert CODEX in {model.id for model in v1.models.list()}
    codex = v1.models.retrieve(CODEX)
    assert (codex.created, codex.context_window) == (1_770_249_600, 400_000)  # type: ignore[attr-defined]
    headers = {"api-key": azure.session.key}
    assert http.get("/openai/v1//models/", headers=headers).status_code == 200
