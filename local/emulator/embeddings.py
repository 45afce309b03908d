"""POST /openai/deployments/{deployment}/embeddings."""

from typing import cast

from local.emulator import azure_errors, vectors
from local.emulator.answers import Answer
from local.emulator.configuration import EmbeddingDeployment
from local.emulator.json_codec import JsonObject, dumps

_KNOWN = {"input", "model", "user", "encoding_format", "dimensions", "input_type"}
_MAX_INPUTS = 2048
_MAX_TOKENS = 8192


def answer(body: JsonObject, *, name: str, deployment: EmbeddingDeployment) -> Answer:
    """The embeddings of every input, in order; AzureError for what Azure refuses."""
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise azure_errors.model_error(message=f"Unrecognized request arguments supplied: {', '.join(unknown)}")
    texts = _texts(body.get("input"))
    encoding = _encoding(body.get("encoding_format"))
    size = _size(body.get("dimensions"), full_size=deployment.dimension)
    tokens = [_tokens(text) for text in texts]
    data = b",".join(
        b'{"object":"embedding","index":%d,"embedding":%b}'
        % (index, vectors.encoded(text=text, size=size, full_size=deployment.dimension, encoding=encoding))
        for index, text in enumerate(texts)
    )
    usage = {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)}
    # Joined by hand: a batch is a megabyte of numbers that are JSON already.
    whole = b'{"object":"list","data":[%b],"model":%b,"usage":%b}' % (data, dumps(name), dumps(usage))
    return Answer(body=whole, tokens=sum(tokens), usage=usage)


def _texts(value: object) -> list[vectors.Text]:
    """The inputs of a string, a list of strings, one list of tokens or a list of such lists."""
    if value is None:
        raise azure_errors.model_error(message="'input' is a required property")
    if isinstance(value, str) or _is_tokens(value):
        value = [value]
    if not isinstance(value, list) or not value:
        raise _invalid_input()
    if len(value) > _MAX_INPUTS:
        raise azure_errors.model_error(
            message=f"Invalid 'input': array too long. Expected an array with maximum length {_MAX_INPUTS}, but got an "
            f"array with length {len(value)} instead.",
            param="input",
            code="array_above_max_length",
        )
    strings = isinstance(value[0], str)
    return [_text(item, string=strings) for item in value]


def _text(item: object, *, string: bool) -> vectors.Text:
    if string and isinstance(item, str) and item:
        return item
    if not string and _is_tokens(item):
        return tuple(cast("list[int]", item))
    raise _invalid_input()


def _is_tokens(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(token) is int and token >= 0 for token in value)


def _tokens(text: vectors.Text) -> int:
    tokens = max(1, len(text) // 4) if isinstance(text, str) else len(text)
    if tokens > _MAX_TOKENS:
        raise azure_errors.model_error(
            message=f"This model's maximum context length is {_MAX_TOKENS} tokens, however you requested "
            f"{tokens} tokens ({tokens} in your prompt; 0 for the completion). "
            "Please reduce your prompt; or completion length."
        )
    return tokens


def _encoding(value: object) -> vectors.Encoding:
    if value is None or value == "float":
        return "float"
    if value == "base64":
        return "base64"
    raise azure_errors.wrong_value(param="encoding_format", value=value, supported="'float' and 'base64'")


def _size(value: object, *, full_size: int) -> int:
    if value is None:
        return full_size
    if type(value) is not int or not 1 <= value <= full_size:
        raise azure_errors.model_error(
            message=f"Invalid value for 'dimensions' = {value}. Must be between 1 and {full_size}.",
            param="dimensions",
        )
    return value


def _invalid_input() -> azure_errors.AzureError:
    return azure_errors.model_error(
        message="'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
    )
