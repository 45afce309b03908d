"""What the emulator answers: made up, always the same for the same request, steered by words in the prompt.

The words count in the last message of the user; README.md lists them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from local.emulator import errors, jsons
from local.emulator.examples import example
from local.emulator.jsons import JsonObject

Choice = Literal["auto", "none", "required"]

_COUNT = re.compile(r"count to (\d{1,5})")
_PIECE = re.compile(r"\s*\S{1,12}|\s+")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A function that the client offers."""

    name: str
    parameters: JsonObject


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a request asks for. `after_tool`: its last item is a tool's result, so the model is to answer now.

    `function`: the one that the client insists on. `schema`: of a structured answer.
    """

    prompt: str
    after_tool: bool
    tools: Sequence[Tool] = ()
    choice: Choice = "auto"
    function: str | None = None
    parallel: bool = True
    schema: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the model says. `text` None: only calls. `failed`: the model breaks down after saying it."""

    text: str | None
    calls: Sequence[Call] = ()
    failed: bool = False


def reply(turn: Turn, *, region: str) -> Reply:
    """AzureError when the prompt asks to be filtered."""
    if "content filter" in turn.prompt:
        raise _filtered()
    failed = "then fail" in turn.prompt
    calls = _calls(turn)
    if calls:
        return Reply(text="Let me check." if "also say" in turn.prompt else None, calls=calls, failed=failed)
    return Reply(text=_text(turn, region=region), failed=failed)


def choice_of(value: object) -> Choice:
    """A request's tool choice; anything that is no plain word leaves the choice to the model."""
    match value:
        case "none" | "required":
            return value
        case _:
            return "auto"


def pieces(text: str) -> list[str]:
    """The text in what counts as tokens here; joined, they are the text again."""
    return _PIECE.findall(text)


def size_in_tokens(*values: object) -> int:
    """A rough count: four characters a token."""
    return max(1, sum(len(value) if isinstance(value, str) else len(jsons.text(value)) for value in values) // 4)


def _text(turn: Turn, *, region: str) -> str:
    if "echo:" in turn.prompt:
        return turn.prompt.split("echo:", 1)[1].strip()
    if turn.schema is not None:
        return jsons.text(example(turn.schema))
    if count := _COUNT.search(turn.prompt):
        return " ".join(str(number) for number in range(1, int(count[1]) + 1))
    return (
        f"This answer was made up by the Azure OpenAI emulator of region {region}. No model has read the prompt; "
        "words in it can steer what is said here."
    )


def _calls(turn: Turn) -> list[Call]:
    two = "two calls" in turn.prompt
    asked = two or "use tool" in turn.prompt or turn.choice == "required" or turn.function is not None
    if not asked or not turn.tools or turn.after_tool or turn.choice == "none":
        return []
    tools = [tool for tool in turn.tools if turn.function in (None, tool.name)] or turn.tools
    count = 2 if two and turn.parallel else 1
    chosen = [tools[number % len(tools)] for number in range(count)]
    return [
        Call(name=tool.name, arguments=jsons.text(example(tool.parameters, number=number)) if tool.parameters else "{}")
        for number, tool in enumerate(chosen)
    ]


def _filtered() -> errors.AzureError:
    return errors.AzureError(
        status=400,
        error={
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
            "policy. Please modify your prompt and retry.",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {"jailbreak": {"filtered": True, "detected": True}},
            },
        },
    )
