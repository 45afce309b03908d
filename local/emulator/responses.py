"""POST /openai/responses: checks the request, generates the answer and stores it if requested."""

import secrets

from local.emulator import (
    azure_errors,
    encrypted_content,
    fake_model,
    response_input,
    response_object,
    response_request,
    response_stream,
)
from local.emulator.answers import Answer, whole
from local.emulator.json_codec import JsonObject
from local.emulator.response_store import ResponseStore

_REASONING_TOKENS = 7
_CONTEXT_TOKENS = 272_000  # the input window of the gpt-5 codex models
_COUNTED = {
    "conversation", "input", "instructions", "model", "parallel_tool_calls", "personality", "previous_response_id",
    "reasoning", "text", "tool_choice", "tools", "truncation",
}  # fmt: skip
_SUMMARY = ("**Thinking** about it", "**Deciding** what to do")


class Responses:
    """`region`: only it can decrypt the reasoning items that it encrypts."""

    def __init__(self, *, region: str, store: ResponseStore) -> None:
        self._region = region
        self._store = store

    def answer(self, body: JsonObject) -> Answer:
        """AzureError for what Azure refuses; `model` has been checked."""
        response = self._respond(body)
        tokens: int = response["usage"]["total_tokens"]
        items = _input_items(body.get("input"))
        if response["background"] and not body.get("stream"):
            return whole(self._store.queue(response, input_items=items), tokens=tokens)
        if response["store"]:
            self._store.add(response, input_items=items)
        if not body.get("stream"):
            return whole(response, tokens=tokens)
        padded = (body.get("stream_options") or {}).get("include_obfuscation") is not False
        prompt = response_input.last_prompt(body.get("input"))
        return Answer(
            events=response_stream.events(response, padded=padded, prompt=prompt),
            opening=response_stream.OPENING_EVENTS,
            pace=fake_model.pace(prompt),
            tokens=tokens,
            usage=response["usage"],
            error_event=response_stream.error_event,
        )

    def compact(self, body: JsonObject) -> Answer:
        """POST /openai/responses/compact: the user's messages, and everything else in one encrypted item."""
        self._check_input(body)
        messages = response_input.user_messages(body.get("input"))
        kept = [_completed_message(item) for item in messages]
        encrypted = {"id": _new_id("cmp"), "type": "compaction"}
        encrypted["encrypted_content"] = encrypted_content.encrypt(region=self._region, item_id=encrypted["id"])
        tokens = fake_model.count_tokens(body.get("input") or "")
        compacted = {
            "id": _new_id("resp"),
            "object": "response.compaction",
            "created_at": response_object.now(),
            "output": [*kept, encrypted],
            "usage": response_object.usage(input_tokens=tokens, output_tokens=1, reasoning_tokens=0),
        }
        return whole(compacted, tokens=tokens)

    def count(self, body: JsonObject) -> Answer:
        """POST /openai/responses/input_tokens: the tokens of a request that is not made."""
        for name in body:
            if name not in _COUNTED:
                raise azure_errors.unknown(name)
        self._check_input(body)
        tokens = fake_model.count_tokens(*(body.get(name) or "" for name in ("input", "instructions", "tools")))
        if previous := body.get("previous_response_id"):
            tokens += self._store.previous(previous)["usage"]["total_tokens"]
        return whole({"object": "response.input_tokens", "input_tokens": tokens})

    def _check_input(self, body: JsonObject) -> None:
        response_request.check(body)
        open_calls: set[str] = set()
        if previous := body.get("previous_response_id"):
            output = self._store.previous(previous)["output"]
            open_calls = {item["call_id"] for item in output if item["type"] == "function_call"}
        response_input.InputCheck(region=self._region, open_calls=open_calls).check(body.get("input"))

    def _respond(self, body: JsonObject) -> JsonObject:
        self._check_input(body)
        body = {**body, "tools": response_request.in_effect(body.get("tools") or [])}
        input_tokens = fake_model.count_tokens(*(body.get(name) or "" for name in ("input", "instructions", "tools")))
        if input_tokens > _CONTEXT_TOKENS:
            raise azure_errors.model_error(
                message="Your input exceeds the context window of this model. Please adjust your input and try again.",
                param="input",
                code="context_length_exceeded",
            )
        generated = fake_model.generate(_model_input(body), region=self._region)
        reasoning = self._reasoning(body)
        reasoning_tokens = _REASONING_TOKENS if reasoning else 0
        output, output_tokens, cut = _output_items(generated, budget=_budget(body, reasoning_tokens=reasoning_tokens))
        status = "failed" if generated.failed else "incomplete" if cut else "completed"
        usage = response_object.usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens + reasoning_tokens,
            reasoning_tokens=reasoning_tokens,
        )
        return response_object.response_object(
            body, response_id=_new_id("resp"), status=status, output=[*reasoning, *output], usage=usage
        )

    def _reasoning(self, body: JsonObject) -> list[JsonObject]:
        """A reasoning item, when the request has `reasoning` or includes its encrypted content."""
        reasoning = body.get("reasoning") or {}
        is_encrypted = "reasoning.encrypted_content" in (body.get("include") or [])
        if not reasoning and not is_encrypted:
            return []
        count = {None: 0, "detailed": len(_SUMMARY)}.get(reasoning.get("summary"), 1)
        summary = [{"type": "summary_text", "text": text} for text in _SUMMARY[:count]]
        item: JsonObject = {"id": _new_id("rs"), "type": "reasoning", "summary": summary}
        if is_encrypted:
            item["encrypted_content"] = encrypted_content.encrypt(region=self._region, item_id=item["id"])
        return [item]


def _input_items(given: object) -> list[JsonObject]:
    """The input as `input_items` lists it."""
    if not isinstance(given, list):
        given = [{"role": "user", "content": given or ""}]
    return [
        _completed_message(item) if item.get("type", "message") == "message" else {"id": _new_id("item"), **item}
        for item in given
    ]


def _model_input(body: JsonObject) -> fake_model.ModelInput:
    choice = body.get("tool_choice") or "auto"
    function = None
    if isinstance(choice, dict):
        function = choice.get("name") if choice.get("type") in ("function", "custom") else None
        choice = choice.get("mode")  # of a choice among allowed tools
    return fake_model.ModelInput(
        prompt=response_input.last_prompt(body.get("input")),
        tool_output=response_input.last_tool_output(body.get("input")),
        tools=response_request.function_tools(body.get("tools") or []),
        choice=fake_model.tool_choice(choice),
        function=function,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=response_object.text_schema(body),
    )


def _budget(body: JsonObject, *, reasoning_tokens: int) -> int | None:
    most: int | None = body.get("max_output_tokens")
    return None if most is None else max(0, most - reasoning_tokens)


def _output_items(generated: fake_model.ModelOutput, *, budget: int | None) -> tuple[list[JsonObject], int, bool]:
    """The items, their tokens, and whether the text was cut to fit `budget`."""
    items: list[JsonObject] = []
    tokens = 0
    cut = False
    if generated.refusal is not None:
        tokens += fake_model.count_tokens(generated.refusal)
        items.append(response_object.refusal(generated.refusal, message_id=_new_id("msg")))
    elif generated.text is not None:
        text = fake_model.tokens_of(generated.text)
        cut = budget is not None and len(text) > budget
        tokens += len(text[:budget])
        status = "incomplete" if cut else "completed"
        items.append(response_object.message("".join(text[:budget]), message_id=_new_id("msg"), status=status))
    for call in generated.calls:
        tokens += fake_model.count_tokens(call.name, call.arguments)
        items.append(
            {
                "id": _new_id("ctc" if call.custom else "fc"),
                "type": "custom_tool_call" if call.custom else "function_call",
                "status": "completed",
                "call_id": f"call_{secrets.token_hex(12)}",
                "name": call.name,
                **({"namespace": call.namespace} if call.namespace else {}),
                "input" if call.custom else "arguments": call.arguments,
            }
        )
    return items, tokens, cut


def _completed_message(item: JsonObject) -> JsonObject:
    content = item["content"]
    parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    return {"id": _new_id("msg"), **item, "type": "message", "status": "completed", "content": parts}


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(24)}"
