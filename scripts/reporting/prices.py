"""What tokens cost, by the prices that the settings of an environment have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.reporting.log_lines import Tokens
from settings.environment import EnvironmentSettings
from settings.model_facts import PRICES_READ, PRICES_SOURCE, facts_of
from settings.models import Model

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars per million tokens, and where they are from. Without a price of its own, cached input is input."""

    input: float
    cached: float | None
    output: float | None
    """Embeddings have no output."""
    source: str

    def cost(self, tokens: Tokens) -> float:
        """Of a request in US dollars. Reasoning is part of the output, cached input of the input."""
        cached = min(tokens.cached, tokens.input)
        of_cached = self.input if self.cached is None else self.cached
        dollars = (tokens.input - cached) * self.input + cached * of_cached + tokens.output * (self.output or 0)
        return dollars / _MILLION


def prices_of(settings: EnvironmentSettings) -> Mapping[str, Price]:
    """By the name that clients use, of the models whose prices are known."""
    priced = {model.name: _price(model, settings) for model in settings.all_models}
    return {name: price for name, price in priced.items() if price}


def _price(model: Model, settings: EnvironmentSettings) -> Price | None:
    if model.input_price is None or (model.output_price is None and model.kind != "embeddings"):
        return None
    facts = facts_of(model.base_model)
    known = (facts.input_price, facts.cached_input_price, facts.output_price)
    is_listed = (model.input_price, model.cached_input_price, model.output_price) == known
    return Price(
        input=model.input_price,
        cached=model.cached_input_price,
        output=model.output_price,
        source=f"list price of Global Standard, {PRICES_SOURCE}, {PRICES_READ}"
        if is_listed
        else f"settings/environments/{settings.env}.toml",
    )
