"""The table in docs/clients.md: what becomes of each part of a chat on a Responses model, as Azure receives it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).parents[3] / "docs/clients.md"
_BEGIN, _END = "<!-- the table: pytest tests/gateway/whole --write-parameters -->", "<!-- end of the table -->"
_HEAD = ("field", "the client sends", "", "Azure receives, or the error")
_PROPERTY = "chat parameter"
PASSED, TRANSLATED, WITHOUT_EFFECT, REFUSED = "passed", "translated", "without effect", "refused"
DROPPED = "dropped silently"
"""Not one row may have this outcome."""

_QUESTION: dict[str, Any] = {"role": "user", "content": "hi"}
_FUNCTION = {"type": "function", "function": {"name": "f"}}
_CUSTOM = {"type": "custom", "custom": {"name": "g"}}
_STRICT = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
_TOOLS = [_FUNCTION, _CUSTOM]
_CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_CUSTOM_CALL = {"id": "call_1", "type": "custom", "custom": {"name": "g", "input": "ls"}}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}
_SCHEMA = {"name": "n", "description": "d", "schema": _STRICT, "strict": True}


@dataclass(frozen=True)
class Row:
    """A field of a chat, or a part of its messages. `fields`: what the client sends."""

    name: str
    fields: Mapping[str, Any]
    with_: Mapping[str, Any] = field(default_factory=dict)
    """What the field needs beside it."""

    @property
    def id(self) -> str:
        """It tells rows of the same name apart."""
        return f"{self.title} {self.shown}"

    @property
    def title(self) -> str:
        """The name in the document, with those of the fields beside it."""
        return " with ".join([self.name, *(f"`{name}`" for name in self.with_)])

    @property
    def shown(self) -> str:
        """The example in the document, without the user's question."""
        (value,) = self.fields.values()
        if "messages" in self.fields:
            value = [message for message in value if message != _QUESTION]
        return _json(value) if self.fields.keys() <= {"messages", self.name.strip("`")} else _json(self.fields)

    @property
    def base(self) -> dict[str, Any]:
        """The request without the field."""
        return {"messages": [_QUESTION], **self.with_}


def _field(name: str, value: Any, **with_: Any) -> Row:  # noqa: ANN401 - it is JSON
    return Row(f"`{name}`", {name: value}, with_)


def _fields(name: str, *values: Any, **with_: Any) -> list[Row]:  # noqa: ANN401
    return [_field(name, value, **with_) for value in values]


def _messages(name: str, *messages: Mapping[str, Any]) -> Row:
    return Row(name, {"messages": list(messages)})


def _user(*parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


_CALLED = {"role": "assistant", "content": None, "tool_calls": [_CALL]}

ROWS = [
    _field("stream", value=True),
    *_fields("stream_options", {"include_usage": True}, {"include_obfuscation": False}, stream=True),
    _field("stream_options", {"include_usage": False}),
    *_fields("max_completion_tokens", 500, 5, 0),
    *_fields("max_tokens", 500),
    *_fields("max_tokens", 400, max_completion_tokens=500),
    *_fields("reasoning_effort", "low", "xhigh", "huge"),
    *_fields("reasoning", {"effort": "low", "summary": "auto"}, {"effort": "low", "exclude": True}, {"enabled": True}),
    *_fields("reasoning", {"enabled": False}, {"max_tokens": 100}),
    *_fields("verbosity", "low", "huge"),
    *_fields(
        "response_format", {"type": "text"}, {"type": "json_object"}, {"type": "json_schema", "json_schema": _SCHEMA}
    ),
    *_fields(
        "tools",
        [_FUNCTION],
        [{"type": "function", "function": {"name": "f", "parameters": _STRICT, "strict": True}}],
        [{"type": "custom", "custom": {"name": "g", "description": "d", "format": {"type": "text"}}}],
        [
            {
                "type": "custom",
                "custom": {
                    "name": "g",
                    "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
                },
            }
        ],
        [{"type": "web_search"}],
    ),
    *_fields(
        "tool_choice",
        "auto",
        "none",
        "required",
        _FUNCTION,
        _CUSTOM,
        {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": _TOOLS}},
        "any",
        tools=_TOOLS,
    ),
    _field("parallel_tool_calls", value=False, tools=_TOOLS),
    _field("store", value=True),
    *_fields("metadata", {"team": "blue"}),
    *_fields("service_tier", "flex"),
    *_fields("prompt_cache_key", "k"),
    *_fields("prompt_cache_retention", "24h"),
    *_fields("prompt_cache_options", {"mode": "explicit"}),
    *_fields("safety_identifier", "s"),
    *_fields("user", "u"),
    *_fields("temperature", 0.5),
    *_fields("top_p", 0.5),
    *_fields("n", 1, 2),
    *_fields("stop", [], "END"),
    *_fields("presence_penalty", 0, 0.5),
    *_fields("frequency_penalty", 0, 0.5),
    _field("logprobs", value=False),
    _field("logprobs", value=True),
    *_fields("top_logprobs", 2),
    *_fields("logit_bias", {}, {"50256": -100}),
    *_fields("seed", 1),
    *_fields("modalities", ["text"], ["text", "audio"]),
    *_fields("audio", {"voice": "alloy", "format": "wav"}),
    *_fields("prediction", {"type": "content", "content": "x"}),
    *_fields("moderation", {"model": "m"}),
    *_fields("web_search_options", {}),
    *_fields("functions", [{"name": "f"}]),
    *_fields("function_call", "auto"),
    *_fields("previous_response_id", "resp_1"),
    *_fields("max_output_tokens", 500),
    *_fields("max_tool_calls", 1),
    *_fields("truncation", "auto"),
    *_fields("include", ["reasoning.encrypted_content"]),
    *_fields("context_management", [{"type": "compaction"}]),
    *_fields("data_sources", [{"type": "azure_search"}]),
    *_fields("stop_sequences", ["END"]),
    *_fields("guided_json", {"type": "object"}),
    Row("a field that OpenAI does not have", {"top_k": 1}),
    _messages("`system`", {"role": "system", "content": "Be brief."}, _QUESTION),
    _messages(
        "several `system`",
        {"role": "system", "content": [{"type": "text", "text": "One."}]},
        {"role": "system", "content": "Two."},
        {"role": "developer", "content": "Three."},
        _QUESTION,
        {"role": "system", "content": "Four."},
    ),
    _messages("only `system`", {"role": "system", "content": "Be brief."}),
    _messages("empty text", {"role": "system", "content": ""}, {"role": "user", "content": ""}),
    _messages("`name`", {"role": "user", "name": "Ada", "content": "hi"}),
    _messages("`name` of an assistant", _QUESTION, {"role": "assistant", "name": "Bob", "content": "ho"}, _QUESTION),
    _messages("image", _user({"type": "text", "text": "hi"}, _IMAGE)),
    _messages("image by URL", _user({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})),
    _messages(
        "file",
        _user({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}}),
    ),
    _messages(
        "`prompt_cache_breakpoint`",
        _user({"type": "text", "text": "Read this.", "prompt_cache_breakpoint": {"mode": "explicit"}}),
    ),
    _messages("file by id", _user({"type": "file", "file": {"file_id": "assistant-123"}})),
    _messages("file by URL", _user({"type": "file", "file": {"file_url": "https://example.com/a.pdf"}})),
    _messages("audio", _user({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}})),
    _messages("unknown part", _user({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}})),
    _messages(
        "`cache_control`",
        _user({"type": "text", "text": "Read this.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
    ),
    _messages(
        "assistant's `reasoning_content`",
        _QUESTION,
        {"role": "assistant", "content": "ho", "reasoning_content": "Hmm."},
        _QUESTION,
    ),
    _messages("assistant's parts", _QUESTION, {"role": "assistant", "content": [{"type": "text", "text": "ho"}]}),
    _messages("assistant's `refusal`", _QUESTION, {"role": "assistant", "content": None, "refusal": "No."}, _QUESTION),
    _messages(
        "refusal part",
        _QUESTION,
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        _QUESTION,
    ),
    _messages("refusal of a user", _user({"type": "refusal", "refusal": "No."})),
    _messages("tool call and result", _QUESTION, _CALLED, {"role": "tool", "tool_call_id": "call_1", "content": "42"}),
    _messages(
        "text and tool call",
        _QUESTION,
        {**_CALLED, "content": "Wait."},
        {"role": "tool", "tool_call_id": "call_1", "content": ""},
    ),
    _messages(
        "empty text and tool call",
        _QUESTION,
        {**_CALLED, "content": ""},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ),
    _messages(
        "tool result of parts",
        _QUESTION,
        _CALLED,
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "42"}, _IMAGE]},
    ),
    _messages(
        "custom tool's call and result",
        _QUESTION,
        {"role": "assistant", "tool_calls": [_CUSTOM_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a.txt"},
    ),
    _messages("tool result without id", _QUESTION, _CALLED, {"role": "tool", "content": "42"}),
    _messages("assistant's `function_call`", _QUESTION, {"role": "assistant", "function_call": _CALL["function"]}),
    _messages("assistant's `audio`", _QUESTION, {"role": "assistant", "audio": {"id": "audio_1"}}, _QUESTION),
    _messages("`function` message", _QUESTION, {"role": "function", "name": "f", "content": "42"}),
    _messages("unknown role", {"role": "", "content": "hi"}),
]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a row. `detail`: what Azure received, or the error."""

    outcome: str
    detail: str


def outcome_of(row: Row, *, received: Mapping[str, Any], without: Mapping[str, Any], dropped: int) -> Outcome:
    """What became of a row, given what Azure received with and without its field and how many the log says dropped."""
    if "messages" in row.fields:
        text = json.dumps([received.get("instructions"), received["input"]])
        is_lost = not all(leaf in text for leaf in _leaves(row.fields))
        changed = {name: _without_question(value) for name, value in received.items() if without.get(name) != value}
    else:
        changed = {name: value for name, value in received.items() if without.get(name) != value}
        is_lost = not changed
    if is_lost:
        return Outcome(outcome=WITHOUT_EFFECT if dropped else DROPPED, detail=_json(changed) if changed else "")
    is_same = all(received.get(name) == value for name, value in row.fields.items())
    return Outcome(outcome=PASSED if is_same else TRANSLATED, detail=_json(changed))


def refusal_of(error: Mapping[str, Any]) -> Outcome:
    """A refusal, which names the field."""
    return Outcome(outcome=REFUSED, detail=f"`{error['code']}`, `param`: `{error['param']}`")


def _leaves(value: object) -> Iterator[str]:
    """The client's own words, each as JSON: not what Responses calls otherwise."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("type", "role"):
                yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(value)


def _without_question(value: object) -> object:
    """Only what the row is about."""
    if not isinstance(value, list):
        return value
    question = [{"type": "input_text", "text": _QUESTION["content"]}]
    return [
        {name: part for name, part in item.items() if (name, part) != ("type", "message")}
        for item in value
        if item.get("content") != question
    ]


def _json(value: object) -> str:
    return f"`{json.dumps(value)}`"


@dataclass(frozen=True)
class ChatParameters:
    """Compares what a test observes with the document, or notes it for the document that this run writes."""

    writes: bool
    test: pytest.Item

    def check(self, row: Row, outcome: Outcome) -> None:
        """Assert that the document has this outcome."""
        if self.writes:
            self.test.user_properties.append((_PROPERTY, [row.id, asdict(outcome)]))
        else:
            assert documented().get(row.id) == outcome


@dataclass(eq=False)
class Writer:
    """Plug-in that writes the document at the end of the run, from the reports of all workers."""

    table: dict[str, Outcome] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what a test has noted."""
        properties: list[tuple[str, Any]] = report.user_properties if report.when == "call" else []
        self.table |= {row: Outcome(**fields) for name, (row, fields) in properties if name == _PROPERTY}

    def pytest_sessionfinish(self) -> None:
        """Replace the table in the document."""
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{render(self.table)}\n{_END}{after}", encoding="utf-8")


def render(table: Mapping[str, Outcome]) -> str:
    """Write the table in Markdown."""
    cells = [_HEAD, ("---",) * len(_HEAD)]
    cells += [(row.title, row.shown, table[row.id].outcome, table[row.id].detail) for row in ROWS if row.id in table]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


@cache
def documented() -> dict[str, Outcome]:
    """What the document says, by the row's id."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
    lines = rest.partition(_END)[0].strip().splitlines()[2:]
    rows = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return {f"{name} {shown}": Outcome(outcome=outcome, detail=detail) for name, shown, outcome, detail in rows}
