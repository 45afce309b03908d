"""What is remembered of an answer with tool calls, for whom, and how much in all."""

from typing import Any

import pytest

from gateway.runtime.litellm import reasoning_memory
from gateway.runtime.litellm.reasoning_memory import Reasoning, ReasoningMemory, ReasoningReader

MESSAGE = {"type": "message", "role": "assistant", "content": []}


def thought(content: str) -> dict[str, Any]:
    return {"type": "reasoning", "id": f"rs_{content}", "summary": [], "encrypted_content": content}


def call(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "read", "arguments": "{}"}


def reasoning(content: str = "sealed") -> Reasoning:
    return Reasoning("first", (thought(content),))


def read(*events: dict[str, Any]) -> ReasoningMemory:
    """What a memory knows after these events of the second region."""
    memory = ReasoningMemory()
    reader = ReasoningReader(memory, project="default", model="codex")
    for event in events:
        reader(event, "second")
    return memory


def streamed(*items: dict[str, Any]) -> list[dict[str, Any]]:
    done = [{"type": "response.output_item.done", "item": item} for item in items]
    return [
        {"type": "response.created", "response": {}},
        *({"type": "response.output_item.added", "item": {**item, "encrypted_content": "half"}} for item in items),
        *done,
        {"type": "response.completed", "response": {"output": list(items)}},
    ]


def known(memory: ReasoningMemory, call_id: str) -> tuple[list[object], int] | None:
    found = memory.find("default", "codex", call_id)
    return None if found is None else ([item["encrypted_content"] for item in found.items], found.leading)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_each_call_has_the_reasoning_that_stands_before_it(is_streamed: bool) -> None:  # noqa: FBT001
    items = [thought("a"), thought("b"), MESSAGE, thought("c"), call("1"), call("2"), thought("d"), call("3")]
    memory = read(*streamed(*items)) if is_streamed else read({"object": "response", "output": items})
    assert [known(memory, call_id) for call_id in "123"] == [(["a", "b", "c"], 2), None, (["d"], 0)]


def test_a_custom_tool_has_it_too() -> None:
    memory = read(*streamed(thought("a"), {**call("1"), "type": "custom_tool_call"}))
    assert known(memory, "1") == (["a"], 0)


def test_an_item_is_kept_as_azure_takes_it_back() -> None:
    memory = read(*streamed({**thought("a"), "status": "completed", "content": None}, call("1")))
    found = memory.find("default", "codex", "1")
    assert found is not None
    assert found.items == (thought("a"),)
    assert found.region == "second"


@pytest.mark.parametrize(
    "items",
    [
        [{"type": "reasoning", "id": "rs_1", "summary": []}, call("1")],
        [call("1"), thought("a")],
        [thought("a"), {"type": "function_call"}],
        [None, 7, {"type": "reasoning", "encrypted_content": 7}, call("1")],
    ],
)
def test_nothing_is_made_up(items: list[Any]) -> None:
    assert read({"output": items}).size == 0


def test_an_attempt_that_failed_leaves_nothing_to_the_next() -> None:
    created, *rest = streamed(thought("lost"))
    assert known(read(created, *rest, *streamed(call("1"))), "1") is None


def test_nobody_gets_what_belongs_to_another_project_or_model() -> None:
    memory = ReasoningMemory()
    memory.remember("default", "codex", "1", reasoning())
    assert memory.find("default", "codex", "1") == reasoning()
    assert memory.find("other", "codex", "1") is None
    assert memory.find("default", "other", "1") is None
    assert memory.find("default", "codex", "2") is None


@pytest.mark.parametrize(("made", "returned"), [("fc:a.1/\u00e9", "fc_a_1__"), ("c" * 70, "c" * 64)])
def test_a_call_is_known_by_the_id_that_roo_makes_of_it(made: str, returned: str) -> None:
    assert known(read(*streamed(thought("a"), call(made))), returned) == (["a"], 0)


def test_a_long_id_costs_no_more_than_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 15 MB took two seconds, in which the gateway did nothing else."""
    seen: list[int] = []

    class Pattern:
        def sub(self, new: str, text: str) -> str:
            seen.append(len(text))
            return new + text

    monkeypatch.setattr(reasoning_memory, "_CHANGED_BY_CLIENTS", Pattern())
    assert ReasoningMemory().find("default", "codex", "." * 1_000) is None
    assert seen == [64]


def test_the_memory_is_bounded_and_the_least_recently_used_goes_first() -> None:
    memory = ReasoningMemory(max_bytes=3 * reasoning().size)
    for call_id in "123":
        memory.remember("default", "codex", call_id, reasoning())
    memory.find("default", "codex", "1")
    memory.remember("default", "codex", "4", reasoning())
    assert memory.size == 3 * reasoning().size
    assert [known(memory, call_id) is not None for call_id in "1234"] == [True, False, True, True]


def test_a_project_loses_nothing_to_one_that_has_more() -> None:
    memory = ReasoningMemory(max_bytes=10 * reasoning().size)
    for number in range(100):
        memory.remember("greedy", "codex", str(number), reasoning())
        if number > 50:
            memory.remember("default", "codex", str(number % 2), reasoning())
    assert [known(memory, call_id) is not None for call_id in "01"] == [True, True]


def test_what_is_too_large_alone_is_not_kept() -> None:
    memory = ReasoningMemory(max_bytes=5_000)
    memory.remember("default", "codex", "1", reasoning("x" * 10_000))
    assert memory.size == 0


def test_a_call_that_is_remembered_again_counts_once() -> None:
    memory = ReasoningMemory()
    for _ in range(3):
        memory.remember("default", "codex", "1", reasoning())
    assert memory.size == reasoning().size
    memory.forget("default", "codex", "1")
    memory.forget("default", "codex", "1")
    assert (memory.size, known(memory, "1")) == (0, None)
