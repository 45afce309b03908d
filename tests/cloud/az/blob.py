"""`az storage blob`, the data plane of the state accounts: every write is a new version, a deletion keeps them all."""

from __future__ import annotations

from pathlib import Path

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command, missing


def blob(*contents: str, is_deleted: bool = False) -> Json:
    """One for a test's state, `blobs` by `ACCOUNT/CONTAINER/NAME`; a version for each content, the oldest first."""
    versions = [{"versionId": f"2026-11-{day:02d}T10:00:00Z", "content": text} for day, text in enumerate(contents, 1)]
    return {"versions": versions, "deleted": is_deleted}


@command("storage blob list")
def blob_list(
    azure: Azure, *, account_name: str, container_name: str, prefix: str, include: str, auth_mode: str
) -> list[Json]:
    """With `v` all versions, the oldest first; a deleted blob has no current one."""
    _require_login(auth_mode)
    return [
        {
            "name": name,
            "versionId": version["versionId"],
            "isCurrentVersion": not found["deleted"] and version is found["versions"][-1],
            "properties": {"lastModified": version["versionId"], "contentLength": len(version["content"])},
        }
        for (container, name), found in _blobs(azure, account_name).items()
        if container == container_name and name.startswith(prefix)
        for version in found["versions"]
        if "v" in include or (not found["deleted"] and version is found["versions"][-1])
    ]


@command("storage blob download")
def download(
    azure: Azure, *, account_name: str, container_name: str, name: str, version_id: str, file: str, auth_mode: str
) -> Json:
    """That version, into a new file."""
    _require_login(auth_mode)
    for version in _found(azure, account_name, container_name, name)["versions"]:
        if version["versionId"] == version_id:
            Path(file).write_text(version["content"], encoding="utf-8")
            return {"name": name, "versionId": version_id}
    raise missing("BlobNotFound", "The specified blob does not exist.")


@command("storage blob upload", changes=True)
def upload(
    azure: Azure,
    *,
    account_name: str,
    container_name: str,
    name: str,
    file: str,
    auth_mode: str,
    overwrite: bool = False,
) -> Json:
    """A new current version."""
    _require_login(auth_mode)
    found = _found(azure, account_name, container_name, name)
    if not overwrite and not found["deleted"]:
        raise AzError("BlobAlreadyExists", "The specified blob already exists.")
    content = Path(file).read_text(encoding="utf-8")
    version = {"versionId": f"2026-12-{len(found['versions']):02d}T10:00:00Z", "content": content}
    found["versions"].append(version)
    found["deleted"] = False
    return {"versionId": version["versionId"]}


def _require_login(auth_mode: str) -> None:
    """The accounts take no keys."""
    if auth_mode != "login":
        raise AzError(
            "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this account."
        )


def _blobs(azure: Azure, account: str) -> dict[tuple[str, str], Json]:
    """The blobs of an account, by container and name."""
    found: dict[str, Json] = azure.data.get("blobs", {})
    split = {path: path.split("/") for path in found}
    return {(parts[1], parts[2]): found[path] for path, parts in split.items() if parts[0] == account}


def _found(azure: Azure, account: str, container: str, name: str) -> Json:
    found = _blobs(azure, account).get((container, name))
    if found is None:
        raise missing("BlobNotFound", "The specified blob does not exist.")
    return found
