"""What in the settings depends on the day: versions of Azure's API that are not there yet, and models that it retires.

Deployments of a retired model answer every request with 410.
https://learn.microsoft.com/azure/foundry/openai/concepts/model-retirements
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.model_facts import RETIREMENT_READ, RETIREMENT_SOURCE, facts_of
from settings.models import Model, day_of

WARNING_DAYS = 90
WARNING = "Warning: "


def today(environ: Mapping[str, str]) -> date:
    """The day in UTC, or that of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/)."""
    given = environ.get("SOURCE_DATE_EPOCH")
    try:
        return (datetime.fromtimestamp(int(given), UTC) if given else datetime.now(UTC)).date()
    except (ValueError, OverflowError, OSError):
        raise SettingsError(["SOURCE_DATE_EPOCH (environment variable): must be seconds since 1970"]) from None


def check_dates(environments: Sequence[EnvironmentSettings], *, today: date) -> list[str]:
    """Warnings, one per model that retires, or one `SettingsError` with all mistakes.

    Those are API versions of a day to come, and models that are retired and not allowed to be.
    """
    mistakes: list[str] = []
    users: dict[tuple[str, date, str], list[str]] = {}
    for settings in environments:
        for table, model in _tables(settings):
            if (day_of(model.api_version) or today) > today:
                mistakes.append(
                    f"{settings.env}.toml: {table}.api_version = {json.dumps(model.api_version)}: must be a version "
                    "that Azure has by now; this one is of a day to come"
                )
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
