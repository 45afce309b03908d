"""The values of Terraform's variables on this machine: from `TF_VAR_...`, else generated and kept."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.runner.errors import RunnerError
from settings.secret_names import terraform_environ

_PRIVATE = 0o600


def resolve_variables(
    names: Sequence[str], *, optional: Sequence[str] = (), environ: Mapping[str, str], file: Path
) -> dict[str, str]:
    """Return a value for every name; what is not set is generated once and kept in `file`, readable by its owner only.

    An `optional` one that is unset or empty has none.

    Raises:
        RunnerError: a variable is set but empty, or the file is not what was written there.
    """
    values = {name: environ[terraform_environ(name)] for name in names if terraform_environ(name) in environ}
    values |= {name: environ[terraform_environ(name)] for name in optional if environ.get(terraform_environ(name))}
    if empty := [name for name, value in values.items() if not value.strip()]:
        raise RunnerError(f"{terraform_environ(empty[0])} is empty. Set a value, or unset it to generate one.")
    if odd := [name for name, value in values.items() if not value.isascii() or not value.isprintable()]:
        raise RunnerError(
            f"{terraform_environ(odd[0])} has characters that an HTTP header cannot contain, such as line breaks."
        )
    kept = _read(file)
    unset = [name for name in names if name not in values]
    if missing := [name for name in unset if name not in kept]:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        _write(file, kept)
    return values | {name: kept[name] for name in unset}


def _read(file: Path) -> dict[str, str]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) and value for value in kept.values()):
        raise RunnerError(f"{file} is damaged. Delete it to generate new secrets.")
    file.chmod(_PRIVATE)
    return kept


def _write(file: Path, kept: Mapping[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}.new")  # its own, should another run write at the same time
    new.unlink(missing_ok=True)
    # Private from its first byte on, and never half written.
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w", encoding="utf-8") as stream:
        json.dump(kept, stream, indent=1)
    new.replace(file)
