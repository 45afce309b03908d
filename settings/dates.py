"""Models that Azure retires soon, or has retired: their deployments then answer every request with 410.

https://learn.microsoft.com/azure/foundry/openai/concepts/model-retirements
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.model_facts import RETIREMENT_READ, RETIREMENT_SOURCE, facts_of
from settings.models import Model

WARNING_DAYS = 90
WARNING = "Warning: "


def today(environ: Mapping[str, str]) -> date:
    """The day in UTC, or that of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/)."""
    given = environ.get("SOURCE_DATE_EPOCH")
    try:
        return (datetime.fromtimestamp(int(given), UTC) if given else datetime.now(UTC)).date()
    except (ValueError, OverflowError, OSError):
        raise SettingsError(["SOURCE_DATE_EPOCH (environment variable): must be seconds since 1970"]) from None


def check_retirement(environments: Sequence[EnvironmentSettings], *, today: date) -> list[str]:
    """Warnings, one per model, or one `SettingsError` for all models that are retired and not allowed to be."""
    mistakes: list[str] = []
    users: dict[tuple[str, date, str], list[str]] = {}
    for settings in environments:
        for table, model in _tables(settings):
            if model.retires is None or (model.retires - today).days > WARNING_DAYS:
                continue
            source = _source(model)
            if model.retires <= today and not model.allow_retired:
                mistakes.append(
                    f"{settings.env}.toml: {table}.retires = {model.retires}: Azure has retired {model.base_model} "
                    f"({source}). Use another model, correct the date, or set {table}.allow_retired = true"
                )
            users.setdefault((model.base_model, model.retires, source), []).append(f"{table} of {settings.env}")
    if mistakes:
        raise SettingsError(mistakes)
    return [
        f"{WARNING}Azure {_when(name, retires, today)} ({source}). Used by {', '.join(tables)}"
        for (name, retires, source), tables in users.items()
    ]


def _tables(settings: EnvironmentSettings) -> Iterator[tuple[str, Model]]:
    """Each model, with the table that it comes from."""
    further = (f"models[{number}]" for number in range(len(settings.models)))
    yield from zip(("codex", "embeddings", *further), settings.all_models, strict=True)


def _when(name: str, retires: date, today: date) -> str:
    days = (retires - today).days
    if days <= 0:
        return f"has retired {name} on {retires}"
    return f"retires {name} in {days} day{'s' if days > 1 else ''}, on {retires}"


def _source(model: Model) -> str:
    known = facts_of(model.base_model).retires == model.retires
    return f"{RETIREMENT_SOURCE}, as of {RETIREMENT_READ}" if known else "as the settings say"
