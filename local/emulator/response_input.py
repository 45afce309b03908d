"""Checks the `input` items of a Responses request; every refusal is OpenAI's."""

from collections.abc import Callable

from local.emulator import azure_errors, encrypted_content
from local.emulator.json_codec import JsonObject

_MESSAGE_FIELDS = {"type", "role", "content", "id", "status", "phase"}
_ROLES = ("assistant", "system", "developer", "user")
_ASSISTANT_PARTS = ("output_text", "refusal")
_USER_PARTS = ("input_text", "input_image", "input_file")
_OUTPUTS = ("function_call_output", "custom_tool_call_output")
_AFTER_REASONING = (
    "reasoning", "function_call", "custom_tool_call", "local_shell_call", "web_search_call", "file_search_call",
    "item_reference", "compaction",
)  # fmt: skip
_UNCHECKED = (
    "item_reference", "custom_tool_call", "custom_tool_call_output", "local_shell_call", "local_shell_call_output",
    "web_search_call", "file_search_call",
)  # fmt: skip


class InputCheck:
    """`open_calls`: the ids of the previous response's calls, which this input must answer."""

    def __init__(self, *, region: str, open_calls: set[str]) -> None:
        self._region = region
        self._calls = set(open_calls)
        self._answered: set[str] = set()
        self._checks: dict[str, Callable[[JsonObject, str], None]] = {
            "message": self._message,
            "function_call": self._call,
            "function_call_output": self._call_output,
            "reasoning": self._reasoning,
            "compaction": self._compaction,
        }

    def check(self, items: object) -> None:
        """AzureError for the first error."""
        if isinstance(items, list):
            for number, item in enumerate(items):
                self._item(item, where=f"input[{number}]")
            _check_reasoning_is_followed(items)
        elif items is not None and not isinstance(items, str):
            raise azure_errors.wrong_type(param="input", expected="a string or an array of input items", value=items)
        for call in sorted(self._calls - self._answered):
            raise azure_errors.model_error(message=f"No tool output found for function call {call}.", param="input")

    def _item(self, item: object, *, where: str) -> None:
        if not isinstance(item, dict):
            raise azure_errors.wrong_type(param=where, expected="an input item", value=item)
        kind = _kind(item)
        check = self._checks.get(kind) if isinstance(kind, str) else None
        if check is not None:
            check(item, where)
        elif kind not in _UNCHECKED:
            raise azure_errors.wrong_value(
                param=where, value=kind, supported=azure_errors.listed((*self._checks, *_UNCHECKED))
            )

    def _message(self, item: JsonObject, where: str) -> None:
        role, content = item.get("role"), item.get("content")
        if role not in _ROLES:
            raise azure_errors.wrong_value(param=where, value=role, supported=azure_errors.listed(_ROLES))
        for name in item:
            if name not in _MESSAGE_FIELDS:
                raise azure_errors.unknown(f"{where}.{name}")
        if isinstance(content, list):
            allowed = _ASSISTANT_PARTS if role == "assistant" else _USER_PARTS
            for number, part in enumerate(content):
                _content_part(part, allowed=allowed, where=f"{where}.content[{number}]")
        elif not isinstance(content, str):
            expected = "one of an array of objects or string"
            raise azure_errors.wrong_type(param=f"{where}.content", expected=expected, value=content)

    def _call(self, item: JsonObject, where: str) -> None:
        for name in ("call_id", "name", "arguments"):
            if not isinstance(item.get(name), str):
                raise azure_errors.missing(f"{where}.{name}")
        _check_id(item, prefix="fc", where=where)
        self._calls.add(item["call_id"])

    def _call_output(self, item: JsonObject, where: str) -> None:
        call_id = item.get("call_id")
        if not isinstance(call_id, str):
            raise azure_errors.missing(f"{where}.call_id")
        if call_id not in self._calls:
            raise azure_errors.model_error(
                message=f"No tool call found for function call output with call_id {call_id}.", param="input"
            )
        if not isinstance(item.get("output"), str | list):
            expected = "one of an array of objects or string"
            raise azure_errors.wrong_type(param=f"{where}.output", expected=expected, value=item.get("output"))
        self._answered.add(call_id)

    def _reasoning(self, item: JsonObject, where: str) -> None:
        if "summary" not in item:
            raise azure_errors.missing(f"{where}.summary")
        if not isinstance(item["summary"], list):
            raise azure_errors.wrong_type(
                param=f"{where}.summary", expected="an array of objects", value=item["summary"]
            )
        if item.get("status") is not None:
            raise azure_errors.unknown(f"{where}.status")
        _check_id(item, prefix="rs", where=where)
        self._check_encrypted(item)

    def _compaction(self, item: JsonObject, where: str) -> None:
        if item.get("encrypted_content") is None:
            raise azure_errors.missing(f"{where}.encrypted_content")
        self._check_encrypted(item)

    def _check_encrypted(self, item: JsonObject) -> None:
        content, item_id = item.get("encrypted_content"), item.get("id")
        if content is not None and not (
            isinstance(content, str) and encrypted_content.can_decrypt(content, region=self._region, item_id=item_id)
        ):
            raise azure_errors.model_error(
                message="The encrypted content could not be verified. Reason: Encrypted content could not be decrypted "
                "or parsed.",
                code="invalid_encrypted_content",
            )


def _check_reasoning_is_followed(items: list[JsonObject]) -> None:
    """Reasoning stands before the item that came of it; an item reference may be one."""
    for item, following in zip(items, [*items[1:], {}], strict=False):
        is_output = _kind(following) in _AFTER_REASONING or following.get("role") == "assistant"
        if _kind(item) == "reasoning" and not is_output:
            name = f"Item '{item['id']}' of type 'reasoning'" if item.get("id") else "An item of type 'reasoning'"
            raise azure_errors.model_error(
                message=f"{name} was provided without its required following item.", param="input"
            )


def _content_part(part: object, *, allowed: tuple[str, ...], where: str) -> None:
    if not isinstance(part, dict):
        raise azure_errors.wrong_type(param=where, expected="an object", value=part)
    kind = part.get("type")
    if kind not in allowed:
        raise azure_errors.wrong_value(param=where, value=kind, supported=azure_errors.listed(allowed))
    if kind in ("input_text", "output_text") and not isinstance(part.get("text"), str):
        raise azure_errors.missing(f"{where}.text")


def _check_id(item: JsonObject, *, prefix: str, where: str) -> None:
    value = item.get("id")
    if value is not None and not str(value).startswith(prefix):
        raise azure_errors.model_error(
            message=f"Invalid '{where}.id': '{value}'. Expected an ID that begins with '{prefix}'.",
            param=f"{where}.id",
            code="invalid_value",
        )


def _kind(item: JsonObject) -> object:
    return item.get("type") or ("message" if "role" in item else None)


def last_prompt(items: object) -> str:
    """The text of the user's last message, whose words select the answer."""
    messages = user_messages(items)
    if not messages:
        return ""
    content = messages[-1]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "input_text")


def user_messages(items: object) -> list[JsonObject]:
    """The user's messages of an input that has been checked."""
    if isinstance(items, str):
        return [{"role": "user", "content": items}]
    checked = items if isinstance(items, list) else []
    return [item for item in checked if _kind(item) == "message" and item["role"] == "user"]


def last_tool_output(items: object) -> str | None:
    """The text of the result with which the input ends, if any."""
    if not isinstance(items, list) or not items or items[-1].get("type") not in _OUTPUTS:
        return None
    output = items[-1]["output"]
    if isinstance(output, str):
        return output
    return "\n".join(str(part.get("text", "")) for part in output if isinstance(part, dict))
