"""Loads settings from files, or raises one error with all of their mistakes."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.errors import Explainer, SettingsError
from settings.resource_ids import group_of, subscription_of
from settings.upstreams import ExistingUpstream
from settings.variables import Variables

ENVIRONMENTS = Path(__file__).parent / "environments"

_WORLD = "the world"
_ELSEWHERE = ". If they are in two subscriptions, set subscription_id in both files"


@dataclass(frozen=True)
class _Use:
    """A field that names a resource, and in which subscription that is; `_WORLD` for a name that is unique there."""

    field: str
    value: str
    subscription: str
    group: str = ""
    what: str = ""

    def is_in(self, subscription: str) -> bool:
        """A file without `subscription_id` is of the login's, which may be any."""
        return self.subscription.lower() == subscription.lower() or not (self.subscription and subscription)

    def hint(self, subscription: str) -> str:
        """How to say that the other one is elsewhere, if the files do not tell."""
        return "" if self.subscription and subscription else _ELSEWHERE


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
    # One by convention is its environment's, whatever another file says.
    owners = sorted(loaded, key=lambda file: loaded[file].existing.resource_group is not None)
    mistakes = []
    for file, settings in loaded.items():
        for use in _in_groups(settings):
            owner = next((each for each in owners if _is_in_group_of(loaded[each], use)), file)
            if owner != file:
                hint = use.hint(loaded[owner].subscription_id or "")
                message = (
                    f"must not be in the resource group of {owner.name}, in which its identity may change all{hint}"
                )
                mistakes.append(_explainer(file).conflict(use.field, use.value, message))
    return mistakes


def _in_groups(settings: EnvironmentSettings) -> Iterator[_Use]:
    """Everything that the environment uses and has not made, with its group."""
    existing = settings.existing
    values = {
        "existing.resource_group": existing.resource_group,
        "existing.log_analytics_workspace": existing.log_analytics_workspace,
        "existing.key_vault": existing.key_vault,
        "registry.id": settings.registry and settings.registry.id,
        "network.infrastructure_subnet_id": settings.network.infrastructure_subnet_id,
        "backend.resource_group_name": settings.backend.resource_group_name,
        **{
            f"upstreams[{number}].account_id": upstream.account_id
            for number, upstream in enumerate(settings.upstreams)
            if isinstance(upstream, ExistingUpstream)
        },
    }
    for field, value in values.items():
        if value and value.startswith("/"):
            yield _Use(field, value, subscription_of(value), group_of(value))
        elif value:
            yield _Use(field, value, settings.subscription_id or "", value)


def _is_in_group_of(settings: EnvironmentSettings, use: _Use) -> bool:
    """Azure compares names of groups without regard to case."""
    return use.group.lower() == settings.resource_group.lower() and use.is_in(settings.subscription_id or "")


def _states(settings: EnvironmentSettings) -> Iterator[_Use]:
    """Who deploys an environment may write every blob of its account: the states of other environments, too."""
    name = settings.backend.storage_account_name
    yield _Use("backend.storage_account_name", name, _WORLD, what="a storage account")


def _resources_of_others(settings: EnvironmentSettings) -> Iterator[_Use]:
    """The secrets of all environments have the same names, and an identity that reads a vault reads all of it. Whoever
    deploys an environment may change everything in its resource group. Azure gives a subnet to one environment.
    """
    existing, subnet = settings.existing, settings.network.infrastructure_subnet_id
    if existing.key_vault:
        yield _Use("existing.key_vault", existing.key_vault, _WORLD, what="a Key Vault")
    if existing.resource_group:
        subscription = settings.subscription_id or ""
        yield _Use("existing.resource_group", existing.resource_group, subscription, what="a resource group")
    if subnet:
        yield _Use("network.infrastructure_subnet_id", subnet, _WORLD, what="a subnet")


def _shared(
    loaded: Mapping[Path, EnvironmentSettings], uses: Callable[[EnvironmentSettings], Iterable[_Use]]
) -> list[str]:
    """A mistake for each resource that no two environments may share, and that another one uses."""
    seen: list[tuple[Path, _Use]] = []
    mistakes = []
    for file, settings in loaded.items():
        for use in uses(settings):
            same = [(owner, other) for owner, other in seen if _is_same(use, other)]
            if same:
                owner, other = same[0]
                hint = use.hint(other.subscription)
                message = f"must differ from that of {owner.name}: each environment needs {use.what} of its own{hint}"
                mistakes.append(_explainer(file).conflict(use.field, use.value, message))
            seen.append((file, use))
    return mistakes


def _is_same(one: _Use, other: _Use) -> bool:
    return (one.field, one.value.lower()) == (other.field, other.value.lower()) and one.is_in(other.subscription)
