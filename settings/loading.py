"""From files to settings, or to one error that tells all of their mistakes."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.errors import Explainer, SettingsError
from settings.variables import Variables

ENVIRONMENTS = Path(__file__).parent / "environments"


def environment_files(directory: Path = ENVIRONMENTS) -> tuple[Path, ...]:
    """The files of the folder, one per environment, sorted by name; none at all is a `SettingsError`."""
    if files := tuple(sorted(directory.glob("*.toml"))):
        return files
    raise SettingsError([f"{directory}: must hold at least one environment's file, like dev.toml"])


def load_environments(directory: Path = ENVIRONMENTS) -> tuple[EnvironmentSettings, ...]:
    """All environments of the folder; the mistakes of all files are one `SettingsError`."""
    loaded: dict[Path, EnvironmentSettings] = {}
    mistakes: list[str] = []
    for file in environment_files(directory):
        try:
            loaded[file] = load_environment(file)
        except SettingsError as error:
            mistakes += error.mistakes
    mistakes += _shared_states(loaded)
    if mistakes:
        raise SettingsError(mistakes)
    return tuple(loaded.values())


def load_environment(path: Path) -> EnvironmentSettings:
    """The environment of one file, overridden by variables; its mistakes are one `SettingsError`."""
    content = _content(path)
    variables = Variables(EnvironmentSettings)
    explainer = Explainer(path, EnvironmentSettings, variables)
    mistakes = [f"{name} (environment variable): sets no field of the settings" for name in variables.unknown()]

    # pydantic-settings would take a name that starts with an underscore for one of its own options.
    options = [name for name in content if name.startswith("_")]
    mistakes += [f"{path}: {name}: is no setting" for name in options]
    try:
        settings = EnvironmentSettings(**{name: content[name] for name in content if name not in options})
    except ValidationError as error:
        mistakes += explainer.explain(error)

    env = variables.values.get("env", content.get("env", path.stem))
    if env != path.stem:
        mistakes.append(explainer.conflict("env", env, f'must be "{path.stem}", the name of the file'))
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")  # some editors on Windows put a byte order mark first
        return tomllib.loads(text.replace("\r\n", "\n"))
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: must be UTF-8, but is not at byte {error.start}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: is no valid TOML: {_with_position(str(error), text)}"]) from None


def _with_position(problem: str, text: str) -> str:
    lines = text.split("\n")
    return problem.replace("at end of document", f"at line {len(lines)}, column {len(lines[-1]) + 1}")


def _shared_states(loaded: dict[Path, EnvironmentSettings]) -> list[str]:
    """Two environments in one state file would destroy each other's resources."""
    owners: dict[tuple[str, str, str], Path] = {}
    mistakes = []
    for file, settings in loaded.items():
        backend = settings.backend
        state = (backend.storage_account_name, backend.container_name, backend.key)
        owner = owners.setdefault(state, file)
        if owner != file:
            mistakes.append(f"{file}: backend.key = {backend.key!r}: must be another state than that of {owner}")
    return mistakes
