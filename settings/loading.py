"""Loads settings from files, or raises one error with all of their mistakes."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.errors import Explainer, SettingsError
from settings.resource_ids import group_of, subscription_of
from settings.variables import Variables

ENVIRONMENTS = Path(__file__).parent / "environments"

_Use = tuple[str, str | None, str, str]
"""A field with the name or id of a resource, what is in the field, where such a name is unique, and the kind."""


def environment_files(directory: Path = ENVIRONMENTS) -> tuple[Path, ...]:
    """The folder's files, one per environment, sorted by name; `SettingsError` if there is none, or one is misnamed."""
    files = tuple(sorted(file for file in directory.glob("*") if file.suffix.lower() == ".toml"))
    if misnamed := [f"{file}: its name must end with .toml, in lower case" for file in files if file.suffix != ".toml"]:
        raise SettingsError(misnamed)
    if files:
        return files
    raise SettingsError([f"{directory}: must hold at least one environment's file, like dev.toml"])


def load_environments(directory: Path = ENVIRONMENTS) -> tuple[EnvironmentSettings, ...]:
    """All environments of the folder, or one `SettingsError` with the mistakes of all files."""
    loaded: dict[Path, EnvironmentSettings] = {}
    mistakes: list[str] = []
    for file in environment_files(directory):
        try:
            loaded[file] = load_environment(file)
        except SettingsError as error:
            mistakes += error.mistakes
    mistakes += _shared(loaded, _resources_of_others) or _foreign_groups(loaded)
    mistakes += _shared(loaded, _states)
    if mistakes:
        raise SettingsError(mistakes)
    return tuple(loaded.values())


def load_environment(path: Path) -> EnvironmentSettings:
    """The environment of one file, overridden by variables, or one `SettingsError` with all mistakes."""
    content = _content(path)
    explainer = _explainer(path)
    mistakes = explainer.unknown_variables()

    # pydantic-settings would take a name that starts with an underscore for an option of its own.
    options = [name for name in content if name.startswith("_")]
    mistakes += [explainer.unknown_field([name], content.pop(name)) for name in options]
    mistakes += _foreign_projects(explainer, content)
    try:
        settings = EnvironmentSettings(**content)
    except ValidationError as error:
        mistakes += explainer.explain(error)

    env = explainer.variables.values.get("env", content.get("env", path.stem))
    if env != path.stem:
        mistakes.append(explainer.conflict("env", env, f'must be "{path.stem}", the name of the file'))
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def _explainer(file: Path) -> Explainer:
    return Explainer(file, EnvironmentSettings, Variables(EnvironmentSettings))


def _foreign_projects(explainer: Explainer, content: Mapping[str, Any]) -> list[str]:
    """A variable may only change projects of the file: a misspelt name would add a project with keys of its own."""
    own, given = content.get("projects"), explainer.variables.values.get("projects")
    if not own or not isinstance(own, dict) or not isinstance(given, dict):
        return []
    return [explainer.foreign_project(name, own) for name in given if name not in own]


def _content(path: Path) -> dict[str, Any]:
    if path.exists() and not path.is_file():
        raise SettingsError([f"{path}: cannot be read: it is not a file"])
    try:
        # Some editors on Windows put a byte order mark first.
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: must be UTF-8, but is not at byte {error.start}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: must be valid TOML: {_with_position(str(error), text)}"]) from None
    except (ValueError, RecursionError):
        message = "must have no numbers of thousands of digits and no brackets nested hundreds deep"
        raise SettingsError([f"{path}: {message}"]) from None


def _with_position(problem: str, text: str) -> str:
    lines = text.split("\n")
    return problem.replace("at end of document", f"at line {len(lines)}, column {len(lines[-1]) + 1}")


def _foreign_groups(loaded: Mapping[Path, EnvironmentSettings]) -> list[str]:
    """Who deploys an environment may change everything in its resource group: nothing of another one may be there."""
    owners: dict[tuple[str, str], Path] = {}
    # One by convention is its environment's, whatever another file says.
    for file, each in sorted(loaded.items(), key=lambda item: item[1].existing.resource_group is not None):
        owners.setdefault(_in_subscription(each, each.resource_group), file)
    mistakes = []
    for file, settings in loaded.items():
        existing = settings.existing
        for field, value in (
            ("existing.resource_group", existing.resource_group),
            ("existing.log_analytics_workspace", existing.log_analytics_workspace),
            ("existing.key_vault", existing.key_vault),
            ("registry.id", settings.registry and settings.registry.id),
            ("network.infrastructure_subnet_id", settings.network.infrastructure_subnet_id),
            ("backend.resource_group_name", settings.backend.resource_group_name),
        ):
            owner = owners.get(_place(settings, value), file) if value else file
            if owner != file:
                message = f"must not be in the resource group of {owner.name}, in which its identity may change all"
                mistakes.append(_explainer(file).conflict(field, value, message))
    return mistakes


def _place(settings: EnvironmentSettings, value: str) -> tuple[str, str]:
    """Subscription and group of a resource's id, or of a group's name."""
    is_id = value.startswith("/")
    return (subscription_of(value), group_of(value).lower()) if is_id else _in_subscription(settings, value)


def _in_subscription(settings: EnvironmentSettings, group: str) -> tuple[str, str]:
    """Azure compares names of groups without regard to case."""
    return (settings.subscription_id or "").lower(), group.lower()


def _states(settings: EnvironmentSettings) -> tuple[_Use, ...]:
    """Who deploys an environment may write every blob of its account: the states of other environments, too."""
    return (("backend.storage_account_name", settings.backend.storage_account_name, "", "a storage account"),)


def _resources_of_others(settings: EnvironmentSettings) -> tuple[_Use, ...]:
    """The secrets of all environments have the same names, and an identity that reads a vault reads all of it. Whoever
    deploys an environment may change everything in its resource group. Azure gives a subnet to one environment.
    """
    existing, subscription = settings.existing, settings.subscription_id or ""
    return (
        ("existing.key_vault", existing.key_vault, "", "a Key Vault"),
        ("existing.resource_group", existing.resource_group, subscription, "a resource group"),
        ("network.infrastructure_subnet_id", settings.network.infrastructure_subnet_id, "", "a subnet"),
    )


def _shared(
    loaded: Mapping[Path, EnvironmentSettings], uses: Callable[[EnvironmentSettings], Iterable[_Use]]
) -> list[str]:
    """A mistake for each resource that no two environments may share, and that another one uses."""
    owners: dict[tuple[str, str, str], Path] = {}
    mistakes = []
    for file, settings in loaded.items():
        for field, value, scope, what in uses(settings):
            owner = owners.setdefault((field, scope, value.lower()), file) if value else file
            if owner != file:
                message = f"must differ from that of {owner.name}: each environment needs {what} of its own"
                mistakes.append(_explainer(file).conflict(field, value, message))
    return mistakes
