"""One question to the gateway by the SDK of OpenAI for Python, streamed, with a function that it may call: the answer.

Arguments: `chat` or `responses`, the model, the prompt, what the function returns. Address and key are in the
environment.
"""

import sys
from typing import Any

from openai import OpenAI

_PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


def chat(client: OpenAI, *, model: str, prompt: str, note: str) -> str:
    """With its helper for streams."""
    tool: Any = {"type": "function", "function": {"name": "read_note", "parameters": _PARAMETERS}}
    messages: list[Any] = [{"role": "user", "content": prompt}]
    while True:
        with client.chat.completions.stream(model=model, messages=messages, tools=[tool]) as stream:
            message = stream.get_final_completion().choices[0].message
        if not message.tool_calls:
            return message.content or ""
        messages.append(message)
        messages += [{"role": "tool", "tool_call_id": call.id, "content": note} for call in message.tool_calls]


def responses(client: OpenAI, *, model: str, prompt: str, note: str) -> str:
    """The same of Responses."""
    tool: Any = {"type": "function", "name": "read_note", "parameters": _PARAMETERS, "strict": False}
    turn: list[Any] = [{"role": "user", "content": prompt}]
    while True:
        with client.responses.stream(model=model, input=turn, tools=[tool], store=False) as stream:
            response = stream.get_final_response()
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return response.output_text
        turn += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in calls]
        turn += [{"type": "function_call_output", "call_id": call.call_id, "output": note} for call in calls]


if __name__ == "__main__":
    surface, model, prompt, note = sys.argv[1:]
    ask = {"chat": chat, "responses": responses}[surface]
    sys.stdout.write(ask(OpenAI(), model=model, prompt=prompt, note=note))
