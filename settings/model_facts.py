"""What is known of Azure's models: limits, prices, retirement. The settings take it as defaults; a file may correct it.

A model that is not here, or a fact that its sources do not agree on, is None: nothing is assumed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)

RETIREMENT_SOURCE = "https://learn.microsoft.com/azure/foundry/openai/concepts/model-retirement-schedule"
RETIREMENT_READ = date(2026, 9, 2)
"""The version of that page. Azure moves dates: until July 2026 it named 2027-02-25 for gpt-5.3-codex."""

PRICES_SOURCE = "https://prices.azure.com/api/retail/prices"
PRICES_READ = date(2026, 12, 1)
"""Global Standard, as in the model map of LiteLLM 1.103.2. Azure sells a Data Zone or a region dearer."""


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Of one of Azure's models; None is unknown, or does not apply. Tokens, US dollars per million tokens."""

    released: date | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    vision: bool | None = None
    reasoning_efforts: tuple[Effort, ...] | None = None
    dimension: int | None = None
    input_price: float | None = None
    cached_input_price: float | None = None
    output_price: float | None = None
    retires: date | None = None


UNKNOWN = ModelFacts()
_CODEX_EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh")

# Limits and images: https://learn.microsoft.com/azure/foundry/foundry-models/concepts/models-sold-directly-by-azure
# (September 2026). Input and output share the context window: of 400,000 tokens at most 272,000 are input.
# Efforts: https://developers.openai.com/api/docs/models (2026); Azure's page on reasoning names "xhigh" for
# gpt-5.1-codex-max, gpt-5.4 and gpt-5.5 only, and contradicts itself on "none" for gpt-5.1-codex.
# Release: OpenAI's announcements (https://openai.com/news) and changelog (https://developers.openai.com/api/docs/changelog).
# Prices: PRICES_SOURCE. Azure sells long prompts to gpt-5.4 and gpt-5.5 dearer, which therefore have no price here.
MODEL_FACTS = {
    "gpt-5.3-codex": ModelFacts(
        released=date(2026, 2, 5),
        context_window=400_000,
        max_output_tokens=128_000,
        vision=True,
        reasoning_efforts=_CODEX_EFFORTS,
        input_price=1.75,
        cached_input_price=0.175,
        output_price=14.0,
        retires=date(2027, 8, 24),
    ),
    "gpt-5.2-codex": ModelFacts(
        released=date(2025, 12, 18),
        context_window=400_000,
        max_output_tokens=128_000,
        vision=True,
        reasoning_efforts=_CODEX_EFFORTS,
        input_price=1.75,
        cached_input_price=0.175,
        output_price=14.0,
        retires=date(2027, 7, 13),
    ),
    "gpt-5.1-codex-max": ModelFacts(
        released=date(2025, 11, 19),
        context_window=400_000,
        max_output_tokens=128_000,
        vision=True,
        reasoning_efforts=_CODEX_EFFORTS,
        input_price=1.25,
        cached_input_price=0.125,
        output_price=10.0,
        retires=date(2027, 5, 18),
    ),
    "gpt-5.1-codex": ModelFacts(
        released=date(2025, 11, 13),
        context_window=400_000,
        max_output_tokens=128_000,
        vision=True,
        input_price=1.25,
        cached_input_price=0.125,
        output_price=10.0,
        retires=date(2027, 5, 15),
    ),
    "gpt-5.1-codex-mini": ModelFacts(
        released=date(2025, 11, 13),
        context_window=400_000,
        max_output_tokens=128_000,
        vision=True,
        input_price=0.25,
        cached_input_price=0.025,
        output_price=2.0,
        retires=date(2027, 5, 15),
    ),
    "gpt-5-codex": ModelFacts(
        released=date(2025, 9, 23),
        context_window=400_000,
        max_output_tokens=128_000,
        vision=True,
        reasoning_efforts=("low", "medium", "high"),
        input_price=1.25,
        cached_input_price=0.125,
        output_price=10.0,
        retires=date(2027, 3, 17),
    ),
    "gpt-5.5": ModelFacts(
        released=date(2026, 4, 24),
        context_window=1_050_000,
        max_output_tokens=128_000,
        vision=True,
        reasoning_efforts=("none", "low", "medium", "high", "xhigh"),
        retires=date(2027, 10, 26),
    ),
    "gpt-5.4": ModelFacts(
        released=date(2026, 3, 5),
        context_window=1_050_000,
        max_output_tokens=128_000,
        vision=True,
        reasoning_efforts=("none", "low", "medium", "high", "xhigh"),
        retires=date(2027, 9, 2),
    ),
    "gpt-4o-mini": ModelFacts(
        released=date(2024, 7, 18),
        context_window=128_000,
        max_output_tokens=16_384,
        vision=True,
        input_price=0.15,
        cached_input_price=0.075,
        output_price=0.6,
        retires=date(2027, 4, 14),
    ),
    "text-embedding-3-large": ModelFacts(
        released=date(2024, 1, 25), context_window=8_192, dimension=3072, input_price=0.13, retires=date(2028, 2, 9)
    ),
    "text-embedding-3-small": ModelFacts(
        released=date(2024, 1, 25), context_window=8_192, dimension=1536, input_price=0.02, retires=date(2028, 2, 9)
    ),
    "text-embedding-ada-002": ModelFacts(
        released=date(2022, 12, 15), context_window=8_192, dimension=1536, input_price=0.1, retires=date(2028, 2, 9)
    ),
}


def facts_of(model: str) -> ModelFacts:
    """Those of one of Azure's models, by Azure's name for it."""
    return MODEL_FACTS.get(model, UNKNOWN)
