"""Carries a model's reasoning over the tool calls of a chat, so that it does not think anew after each result.

https://platform.openai.com/docs/guides/reasoning#keeping-reasoning-items-in-context

No request may fail for it. Only the region that made the reasoning can read it, so others get the request without. So
does the same region if it refuses: models and endpoints of Azure differ in what they accept.
docs/decisions/0021-reasoning-between-tool-calls.md
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..access_log import LogEvent
from ..context import Handler, ModelRequest, Response, now
from ..response_owner import mark_request
from .reasoning_memory import CALLS, Reasoning, ReasoningMemory, ReasoningReader

_INCLUDE = b'{"include":["reasoning.encrypted_content"],'
_MAX_CALLS = 256
"""Only the newest calls are looked up, so that a request with very many does not delay others."""
_MAX_BYTES = 1_048_576
_MAX_REFUSALS = 3
_PAUSE_S = 600.0


class CarriedReasoning:
    """The step before failover for a chat that LiteLLM has translated."""

    def __init__(self, *, next_step: Handler, log_event: LogEvent) -> None:
        self._next_step = next_step
        self._log_event = log_event
        self._memory = ReasoningMemory()
        self._refusals: dict[tuple[str, str], int] = {}
        self._paused_until: dict[tuple[str, str], float] = {}

    async def __call__(self, request: ModelRequest) -> Response:
        """Return the response to the request with the reasoning of its turn; to the one without if that is refused."""
        owner = (request.project.name, request.model.name)
        if now() < self._paused_until.get(owner, 0.0):
            return await self._next_step(request)
        found = self._find(request)
        extended = self._extend(request, found)
        response = await self._next_step(extended)
        if not _may_refuse_reasoning(response, extended):
            if found and response.status < 400:
                self._refusals.pop(owner, None)
            return response
        response = await self._next_step(extended.fallback or request)
        if response.status < 400:
            self._note_refusal(owner, found)
        return response

    def _find(self, request: ModelRequest) -> dict[str, Reasoning]:
        """Return the reasoning of the turn by call id, the newest first; that one determines the region."""
        found: dict[str, Reasoning] = {}
        size = 0
        for call_id in _read_calls_of_turn(request):
            reasoning = self._memory.find(request.project.name, request.model.name, call_id)
            if reasoning and all(reasoning.region == newer.region for newer in found.values()):
                size += reasoning.size
                if size > _MAX_BYTES:
                    break
                found[call_id] = reasoning
        return found

    def _extend(self, request: ModelRequest, found: dict[str, Reasoning]) -> ModelRequest:
        """Add reasoning, and ask for more. `fields` stay, so that the client is not bound to a region."""
        reader = ReasoningReader(self._memory, project=request.project.name, model=request.model.name)
        asking = replace(request, body=_ask(request.body), on_event=reader)
        if not found:
            return asking
        items = list(_insert(_read_input(request), found))
        fields = {**request.fields, "model": request.model.deployment, "input": items}
        body = mark_request(json.dumps(fields).encode(), request.fields, request.project)
        region = next(iter(found.values())).region
        return replace(asking, body=_ask(body), preferred_region=region, fallback=asking)

    def _note_refusal(self, owner: tuple[str, str], found: Mapping[str, Reasoning]) -> None:
        """Forget what was refused. Pause after several refusals in a row, or if the model has no such reasoning."""
        project, model = owner
        for call_id in found:
            self._memory.forget(project, model, call_id)
        self._refusals[owner] = self._refusals.get(owner, 0) + 1
        if not found or self._refusals[owner] >= _MAX_REFUSALS:
            del self._refusals[owner]
            self._paused_until[owner] = now() + _PAUSE_S
            self._log_event({"event": "reasoning_paused", "project": project, "model": model, "seconds": _PAUSE_S})


def _ask(body: bytes) -> bytes:
    """Ask for encrypted reasoning. Splicing costs less than writing all of a long body."""
    return _INCLUDE + body[body.index(b"{") + 1 :]


def _read_input(request: ModelRequest) -> list[Mapping[str, object]]:
    items = request.fields.get("input")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _read_calls_of_turn(request: ModelRequest) -> Iterator[str]:
    """Yield the ids of the newest calls, the last one first.

    A turn begins after the last answer without a call. Messages of the user do not end it: some clients put them
    between the calls.
    """
    calls, is_before_call = 0, False
    for item in reversed(_read_input(request)):
        call_id = item.get("call_id")
        is_call = item.get("type") in CALLS and isinstance(call_id, str)
        if calls == _MAX_CALLS or (_is_answer(item) and not is_before_call):
            return
        if is_call:
            calls += 1
            yield str(call_id)
        is_before_call = is_call


def _is_answer(item: Mapping[str, object]) -> bool:
    return item.get("role") == "assistant"


def _insert(items: list[Mapping[str, object]], found: dict[str, Reasoning]) -> Iterator[Mapping[str, object]]:
    """Yield the items with the reasoning where Azure had it: before the call, or before the message before it."""
    left = dict(found)
    for index, item in enumerate(items):
        following = items[index + 1] if index + 1 < len(items) else {}
        if _is_answer(item) and (reasoning := left.get(str(following.get("call_id")))):
            yield from reasoning.items[: reasoning.leading]
            left[str(following.get("call_id"))] = replace(reasoning, items=reasoning.items[reasoning.leading :])
        if item.get("type") in CALLS and (reasoning := left.pop(str(item.get("call_id")), None)):
            yield from reasoning.items
        yield item


def _may_refuse_reasoning(response: Response, request: ModelRequest) -> bool:
    """Return whether a refusal may be due to what was added: any of the region that got reasoning, else by its text."""
    if response.status not in (400, 404) or not isinstance(response.body, bytes):
        return False
    if request.fallback:
        return request.context.region == request.preferred_region
    return b"include" in response.body or b"ncrypted content" in response.body
