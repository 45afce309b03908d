"""Models that Azure retires are warned of for 90 days and then refused. API versions of days to come are refused."""

from datetime import date, timedelta

import pytest

from settings.dates import check_dates
from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import load_environment
from settings.model_facts import MODEL_FACTS, RETIREMENT_SOURCE
from tests.settings.conftest import WriteFile

CODEX = MODEL_FACTS["gpt-5.3-codex"].retires or date.max
TODAY = date(2026, 12, 1)
OLD = '[[models]]\nname = "old"\nkind = "chat"\nretires = 2026-12-01'


def environment(write: WriteFile, content: str = "", name: str = "dev") -> EnvironmentSettings:
    return load_environment(write(f'env = "{name}"\n{content}', f"{name}.toml"))


def test_more_than_90_days_before_nothing_is_said(write: WriteFile) -> None:
    assert check_dates([environment(write)], today=CODEX - timedelta(days=91)) == []


def test_from_90_days_before_each_model_is_warned_of_once_with_date_source_and_users(write: WriteFile) -> None:
    environments = [environment(write), environment(write, name="uat")]
    (warning,) = check_dates(environments, today=CODEX - timedelta(days=90))
    assert warning == (
        f"Warning: Azure retires gpt-5.3-codex in 90 days, on {CODEX} ({RETIREMENT_SOURCE}, as of 2026-09-02). "
        "Used by codex of dev, codex of uat"
    )
    (warning,) = check_dates(environments, today=CODEX - timedelta(days=1))
    assert "in 1 day" in warning


def test_on_that_day_it_is_a_mistake_of_each_environment_with_the_way_past(write: WriteFile) -> None:
    with pytest.raises(SettingsError) as refused:
        check_dates([environment(write), environment(write, name="uat")], today=CODEX)
    assert refused.value.mistakes == tuple(
        f"{env}.toml: codex.retires = {CODEX}: Azure has retired gpt-5.3-codex ({RETIREMENT_SOURCE}, as of 2026-09-02)."
        " Use another model, correct the date, or set codex.allow_retired = true"
        for env in ("dev", "uat")
    )


@pytest.mark.parametrize(
    ("content", "table", "model"),
    [
        ("embeddings.retires = 2026-11-30", "embeddings", "text-embedding-3-large"),
        (OLD, "models[0]", "old"),
        (f'[[models]]\nname = "mm"\nkind = "chat"\n{OLD}', "models[1]", "old"),
        ('codex = {deployment = "dd", base_model = "gpt-5.4", retires = 2026-11-30}', "codex", "gpt-5.4"),
    ],
)
def test_every_model_is_checked_by_the_date_that_the_settings_give(
    write: WriteFile, content: str, table: str, model: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        check_dates([environment(write, content)], today=TODAY)
    (mistake,) = refused.value.mistakes
    assert f"{table}.retires = " in mistake
    assert f"Azure has retired {model} (as the settings say)" in mistake
    assert mistake.endswith(f"set {table}.allow_retired = true")


def test_one_that_is_allowed_is_still_warned_of(write: WriteFile) -> None:
    warnings = check_dates([environment(write, f"{OLD}\nallow_retired = true")], today=TODAY)
    assert warnings == ["Warning: Azure has retired old on 2026-12-01 (as the settings say). Used by models[0] of dev"]


def test_an_allowed_one_does_not_allow_another(write: WriteFile) -> None:
    content = f"codex.retires = 2026-11-30\n{OLD}\nallow_retired = true"
    with pytest.raises(SettingsError, match=r"codex\.retires") as refused:
        check_dates([environment(write, content)], today=TODAY)
    assert len(refused.value.mistakes) == 1


def test_of_an_unknown_model_nothing_is_said(write: WriteFile) -> None:
    content = 'codex.deployment = "d1"\nembeddings.deployment = "d2"'
    assert check_dates([environment(write, content)], today=date(2199, 1, 1)) == []


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ('codex.api_version = "2099-01-01"', "codex.api_version"),
        ('embeddings.api_version = "2026-12-02-preview"', "embeddings.api_version"),
        ('[[models]]\nname = "gpt-4o"\nkind = "chat"\napi_version = "2027-01-01"', "models[0].api_version"),
    ],
)
def test_an_api_version_of_a_day_to_come_is_a_mistake(write: WriteFile, content: str, field: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_dates([environment(write, content)], today=TODAY)
    (mistake,) = refused.value.mistakes
    assert mistake.startswith(f"dev.toml: {field} = ")
    assert mistake.endswith(": must be a version that Azure has by now; this one is of a day to come")


def test_an_api_version_of_today_is_none(write: WriteFile) -> None:
    content = f'codex.api_version = "{TODAY}-preview"\nembeddings.api_version = "v1"'
    assert check_dates([environment(write, content)], today=TODAY) == []
