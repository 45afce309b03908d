"""The models: what clients call them, which deployment answers, and which of Azure's APIs it speaks."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from settings.azure_openai import Deployment, Endpoint
from settings.model_facts import EFFORTS, Effort, facts_of
from settings.values import Between, Day, Group, Switch, conflict, list_of, must_be, tables, whole_number

Kind = Literal["responses", "chat", "embeddings"]

_DIMENSION = 3072
_APIS: Mapping[Kind, str] = {"responses": "Responses API", "chat": "chat completions", "embeddings": "embeddings"}
API_VERSIONS: Mapping[Kind, str] = {
    "responses": "2025-04-01-preview",
    "chat": "2024-10-21",
    "embeddings": "2023-05-15",
}
_FIRST_API_VERSIONS: Mapping[Kind, str] = {
    "responses": "2025-03-01-preview",
    "chat": "2023-03-15-preview",
    "embeddings": "2022-12-01",
}
"""The first that has the API: https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle, and the list of
specifications at https://github.com/Azure/azure-rest-api-specs (2026-12-01). "v1" has them all since August 2025."""
_OF_ONE_DEPLOYMENT = ("kind", "api_version", "base_model", "dimension", "requests_per_minute", "tokens_per_minute")


def _has_api(version: str, kind: Kind) -> str:
    """A validator of an API version; names of versions sort by their date, and "v1" comes after every date."""
    if version[:10] < (first := _FIRST_API_VERSIONS[kind])[:10]:
        raise conflict(f"must be {first} or later: before it, Azure had no {_APIS[kind]}")
    return version


def day_of(version: str) -> date | None:
    """The day in an API version's name; "v1" has none. `ValueError` for one that no calendar has."""
    return None if version == "v1" else date.fromisoformat(version[:10])


def _in_the_calendar(version: str) -> str:
    day_of(version)
    return version


ApiVersion = Annotated[
    str,
    StringConstraints(pattern="^(v1|20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(-preview)?)$"),
    AfterValidator(_in_the_calendar),
    must_be('an API version of Azure OpenAI, like 2025-04-01-preview or 2023-05-15, or "v1"'),
]
_OWNED_QUOTA = "Default: the smallest capacity of its deployments, if the stack makes all of them."
_V1 = "`v1`: Azure's paths without a date, `/openai/v1/...`."
Dimension = Annotated[int, whole_number(1, _DIMENSION)]
RequestsPerMinute = Annotated[int, whole_number(1, 1_000_000)]
TokensPerMinute = Annotated[int, whole_number(1, 1_000_000_000)]
BaseModelName = Annotated[Deployment, must_be("the name of one of Azure's models, like gpt-5.3-codex")]
Tokens = Annotated[int, whole_number(1, 100_000_000)]
Price = Annotated[float, Between(0, 100_000)]
Efforts = Annotated[
    tuple[Annotated[Effort, must_be(", ".join(json.dumps(effort) for effort in EFFORTS))], ...], list_of("efforts")
]
Summary = Annotated[Literal["none", "auto", "concise", "detailed"], must_be('"none", "auto", "concise" or "detailed"')]
_OF_AN_ANSWER = ("max_output_tokens", "vision", "reasoning_efforts", "cached_input_price", "output_price")


def _fact(name: str, description: str) -> Any:  # noqa: ANN401 - a field of any type, as Field() itself
    """A field whose default is what is known of the model. It comes after `base_model`."""

    def default(given: Mapping[str, Any]) -> object:
        has_none = name in _OF_AN_ANSWER and given.get("kind") == "embeddings"
        return None if has_none else getattr(facts_of(given["base_model"]), name)

    return Field(default_factory=default, description=description)


def _base_model() -> Any:  # noqa: ANN401
    return Field(
        default_factory=lambda given: given["deployment"],
        description="The model of the deployment, by Azure's name; by default that of the deployment. What is known of "
        "it (settings/model_facts.py) is the default of the fields below.",
    )


CONTEXT_WINDOW = _fact("context_window", "Tokens of input and output together.")
MAX_OUTPUT_TOKENS = _fact("max_output_tokens", "Largest output in tokens.")
VISION = _fact("vision", "Whether it reads images.")
REASONING_EFFORTS = _fact("reasoning_efforts", "The values of reasoning effort that it takes. Unknown: any.")
REASONING_SUMMARY: Any = Field(
    default="none",
    description="The summary of its reasoning that chat completions have as `reasoning_content`, unless the request "
    "names another.",
)
INPUT_PRICE = _fact("input_price", "US dollars per million tokens of input.")
CACHED_INPUT_PRICE = _fact("cached_input_price", "US dollars per million tokens of input from Azure's cache.")
OUTPUT_PRICE = _fact("output_price", "US dollars per million tokens of output.")
RETIRES = _fact("retires", "The day on which Azure retires it. Deployments then answer with errors.")
ALLOW_RETIRED = Field(default=False, description="Synthesize although Azure has retired the model.")


class Model(Group):
    """A model of any kind. Two models may share a deployment, for example if one is translated.

    The numbers per minute are Azure's quota of the deployment in each region, to which embeddings are paced.
    """

    name: Deployment = Field(description="The name that clients use.")
    kind: Annotated[Kind, must_be('"responses", "chat" or "embeddings"')] = Field(
        description="The API that the deployment speaks."
    )
    deployment: Deployment = Field(
        default_factory=lambda given: given["name"], description="Name of the deployment; by default that of the model."
    )
    api_version: ApiVersion = Field(
        default_factory=lambda given: API_VERSIONS[given["kind"]],
        description=f"api-version of its calls. The default depends on the kind. {_V1}",
    )
    translate: Switch = Field(default=False, description="Send every call through LiteLLM.")
    base_model: BaseModelName = _base_model()
    dimension: Dimension | None = Field(
        default_factory=lambda given: _DIMENSION if given["kind"] == "embeddings" else None,
        description="Numbers per vector, which clients need for their index. Only for embeddings.",
    )
    requests_per_minute: RequestsPerMinute | None = Field(
        None, description="Azure's quota of requests per minute in each region. Only for embeddings."
    )
    tokens_per_minute: TokensPerMinute | None = Field(
        None, description=f"Azure's quota of tokens per minute in each region. Only for embeddings. {_OWNED_QUOTA}"
    )
    context_window: Tokens | None = CONTEXT_WINDOW
    max_output_tokens: Tokens | None = MAX_OUTPUT_TOKENS
    vision: Switch | None = VISION
    reasoning_efforts: Efforts | None = REASONING_EFFORTS
    reasoning_summary: Summary = REASONING_SUMMARY
    input_price: Price | None = INPUT_PRICE
    cached_input_price: Price | None = CACHED_INPUT_PRICE
    output_price: Price | None = OUTPUT_PRICE
    retires: Day | None = RETIRES
    allow_retired: Switch = ALLOW_RETIRED

    @field_validator("api_version")
    @classmethod
    def _has_its_api(cls, version: str, info: ValidationInfo) -> str:
        kind: Kind | None = info.data.get("kind")
        return _has_api(version, kind) if kind else version

    @field_validator("dimension")
    @classmethod
    def _possible(cls, dimension: int | None, info: ValidationInfo) -> int | None:
        if dimension is not None and info.data.get("kind", "embeddings") != "embeddings":
            raise conflict("must be left out: only embeddings have a dimension")
        return dimension and not_above_the_model(dimension, info)

    @field_validator("requests_per_minute", "tokens_per_minute")
    @classmethod
    def _enforced(cls, quota: int | None, info: ValidationInfo) -> int | None:
        if quota is not None and info.data.get("kind", "embeddings") != "embeddings":
            raise conflict(
                "must be left out: the gateway enforces Azure's quota for embeddings only; [projects.<name>] limits "
                "the use of other models"
            )
        return quota

    @field_validator(*_OF_AN_ANSWER)
    @classmethod
    def _of_an_answer(cls, fact: object, info: ValidationInfo) -> object:
        if fact is not None and info.data.get("kind") == "embeddings":
            raise conflict("must be left out: embeddings have none")
        return fact

    @field_validator("reasoning_summary")
    @classmethod
    def _of_a_translated_chat(cls, summary: str, info: ValidationInfo) -> str:
        if summary != "none" and info.data.get("kind", "responses") != "responses":
            raise conflict('must be left out: only models of the kind "responses" summarize their reasoning')
        return summary

    @field_validator("max_output_tokens")
    @classmethod
    def _within_the_context(cls, tokens: int | None, info: ValidationInfo) -> int | None:
        return not_above_the_context(tokens, info)

    @field_validator("cached_input_price", "output_price")
    @classmethod
    def _has_an_effect(cls, price: float | None, info: ValidationInfo) -> float | None:
        return price if info.data.get("kind") == "embeddings" else not_half_a_price(price, info)

    def clashes(self, other: Self, *, of: str) -> dict[str, str]:
        """Contradictions with another model, by field; `of` is the path of that one."""
        if self.name == other.name:
            return {"name": f"must be another name than that of {of}"}
        if self.deployment != other.deployment:
            return {}
        return {
            field: f"must be {'left out' if value is None else json.dumps(value)}, as in {of}, of the same deployment"
            for field in _OF_ONE_DEPLOYMENT
            if (value := getattr(other, field)) != getattr(self, field)
        }


Models = Annotated[tuple[Model, ...], tables("[[models]]")]


class Codex(Group):
    """The model for coding, which speaks Azure's Responses API."""

    model: Deployment = Field("gpt-5.3-codex", description="The name that clients use.")
    deployment: Deployment = Field(
        default_factory=lambda given: given["model"],
        description="Name of the deployment; by default that of the model.",
    )
    api_version: ApiVersion = Field(API_VERSIONS["responses"], description=f"api-version of its Responses calls. {_V1}")
    translate: Switch = Field(default=False, description="Send every call through LiteLLM, including Responses.")
    base_model: BaseModelName = _base_model()
    context_window: Tokens | None = CONTEXT_WINDOW
    max_output_tokens: Tokens | None = MAX_OUTPUT_TOKENS
    vision: Switch | None = VISION
    reasoning_efforts: Efforts | None = REASONING_EFFORTS
    reasoning_summary: Summary = REASONING_SUMMARY
    input_price: Price | None = INPUT_PRICE
    cached_input_price: Price | None = CACHED_INPUT_PRICE
    output_price: Price | None = OUTPUT_PRICE
    retires: Day | None = RETIRES
    allow_retired: Switch = ALLOW_RETIRED

    @field_validator("api_version")
    @classmethod
    def _has_its_api(cls, version: str) -> str:
        return _has_api(version, "responses")

    @field_validator("max_output_tokens")
    @classmethod
    def _within_the_context(cls, tokens: int | None, info: ValidationInfo) -> int | None:
        return not_above_the_context(tokens, info)

    @field_validator("cached_input_price", "output_price")
    @classmethod
    def _has_an_effect(cls, price: float | None, info: ValidationInfo) -> float | None:
        return not_half_a_price(price, info)

    def as_model(self) -> Model:
        """The same, as one of all models."""
        return Model(name=self.model, kind="responses", **self.model_dump(exclude={"model"}))


class Embeddings(Group):
    """The model for indexing code. The numbers per minute are Azure's quota of the deployment in each region."""

    deployment: Deployment = Field("text-embedding-3-large", description="Name of the deployment.")
    model: Deployment = Field(
        default_factory=lambda given: given["deployment"],
        description="The name that clients use; by default that of the deployment.",
    )
    base_model: BaseModelName = _base_model()
    dimension: Dimension = Field(_DIMENSION, description="Numbers per vector, which clients need for their index.")
    api_version: ApiVersion = Field(API_VERSIONS["embeddings"], description=f"api-version of its calls. {_V1}")
    translate: Switch = Field(default=False, description="Send every call through LiteLLM.")
    requests_per_minute: RequestsPerMinute | None = Field(
        None, description="Azure's quota of requests per minute in each region. More are queued."
    )
    tokens_per_minute: TokensPerMinute | None = Field(
        None, description=f"Azure's quota of tokens per minute in each region. More are queued. {_OWNED_QUOTA}"
    )
    endpoint: Endpoint | None = Field(
        None, description="Endpoint of a resource of its own, with its own key. Default: azure_openai.endpoint."
    )
    context_window: Tokens | None = CONTEXT_WINDOW
    input_price: Price | None = INPUT_PRICE
    retires: Day | None = RETIRES
    allow_retired: Switch = ALLOW_RETIRED

    @field_validator("api_version")
    @classmethod
    def _has_its_api(cls, version: str) -> str:
        return _has_api(version, "embeddings")

    @field_validator("dimension")
    @classmethod
    def _possible(cls, dimension: int, info: ValidationInfo) -> int:
        return not_above_the_model(dimension, info)

    def as_model(self) -> Model:
        """The same, as one of all models."""
        return Model(name=self.model, kind="embeddings", **self.model_dump(exclude={"model", "endpoint"}))


def not_above_the_model(dimension: int, info: ValidationInfo) -> int:
    """A validator of a dimension that comes after the base model."""
    model = info.data.get("base_model", "")
    if dimension > (largest := facts_of(model).dimension or dimension):
        raise conflict(f"must be at most {largest}, which is the dimension of {model}")
    return dimension


def not_above_the_context(tokens: int | None, info: ValidationInfo) -> int | None:
    """A validator of the largest output that comes after the context window."""
    window: int | None = info.data.get("context_window")
    if tokens and window and tokens > window:
        raise conflict(f"must be at most context_window, which is {window}")
    return tokens


def not_half_a_price(price: float | None, info: ValidationInfo) -> float | None:
    """A validator of the prices that come after that of the input: no cost is known without both."""
    input_price: float | None = info.data.get("input_price", price)  # missing if it was refused
    is_cached = info.field_name == "cached_input_price"
    is_known = input_price == facts_of(info.data.get("base_model", "")).input_price
    if price is None and input_price is not None and not (is_cached or is_known):
        raise conflict("must be given, or input_price be left out: there is no cost without both")
    if price is not None and input_price is None:
        raise conflict("must be left out, or input_price be given: there is no cost without it")
    if price is not None and input_price is not None and is_cached and price > input_price:
        raise conflict(f"must be at most input_price, which is {input_price:g}; left out, it is the listed price")
    return price
