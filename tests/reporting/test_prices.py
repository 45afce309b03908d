"""Which prices a report counts with, and where they are from."""

from scripts.reporting.prices import prices_of
from settings.loading import load_environment
from settings.model_facts import PRICES_READ, PRICES_SOURCE
from tests.settings.conftest import WriteFile, write

__all__ = ["write"]


def test_prices_are_those_of_the_settings_by_the_name_that_clients_use(write: WriteFile) -> None:
    settings = load_environment(write('env = "dev"\n[codex]\nmodel = "coder"\ndeployment = "gpt-5.3-codex"'))
    prices = prices_of(settings)
    assert list(prices) == ["coder", "text-embedding-3-large"]
    assert (prices["coder"].input, prices["coder"].cached, prices["coder"].output) == (1.75, 0.175, 14.0)
    assert prices["coder"].source == f"list price of Global Standard, {PRICES_SOURCE}, {PRICES_READ}"
    assert (prices["text-embedding-3-large"].cached, prices["text-embedding-3-large"].output) == (None, None)


def test_a_corrected_price_is_that_of_the_file(write: WriteFile) -> None:
    prices = prices_of(load_environment(write('env = "dev"\n[codex]\ninput_price = 3')))
    assert prices["gpt-5.3-codex"].source == "settings/environments/dev.toml"
    assert prices["gpt-5.3-codex"].input == 3


def test_a_model_without_a_price_of_its_output_has_no_price(write: WriteFile) -> None:
    content = 'env = "dev"\n[[models]]\nname = "new"\nkind = "chat"\nbase_model = "text-embedding-3-small"'
    settings = load_environment(write(content))
    assert settings.models[0].input_price
    assert "new" not in prices_of(settings)
