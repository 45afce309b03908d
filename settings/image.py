"""The containers' image: LiteLLM's, pinned by digest, in a version that is safe to run."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from settings.litellm_versions import Version, advisories_for
from settings.values import Text, must_be, refused

DEFAULT_IMAGE = (
    "ghcr.io/berriai/litellm:v1.103.2@sha256:f63fb81b831b170ec16851e23c36ac5bf52ef106b271406429524a2ed730bbfd"
)

REPOSITORIES = ("ghcr.io/berriai/litellm", "docker.litellm.ai/berriai/litellm")
"""LiteLLM's own, as https://docs.litellm.ai/docs/proxy/deploy names them (2026-12-01)."""

_HOST = r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?"
_PATH = r"(/[a-z0-9][a-z0-9._-]*)*"
_REPOSITORY = f"{_HOST}{_PATH}"
# v1.103.2, main-v1.103.2, v1.103.2-stable, v1.103.2.rc.1: what follows the version is a build of it.
_TAG = r"([a-z_]+-)?v?(?P<major>[0-9]{1,5})\.(?P<minor>[0-9]{1,5})\.(?P<patch>[0-9]{1,5})([._a-z-][\w.-]*)?"
_IMAGE = re.compile(f"(?P<repository>{_REPOSITORY}):{_TAG}@sha256:[0-9a-f]{{64}}", re.ASCII)
_PRE_RELEASE = re.compile(r"[._-](rc|dev|nightly|alpha|beta|a[0-9]|b[0-9])", re.ASCII | re.IGNORECASE)


def version_of(image: str) -> Version | None:
    """LiteLLM's version by the image's tag; None for an image that is not pinned as it must be."""
    match = _IMAGE.fullmatch(image)
    return (int(match["major"]), int(match["minor"]), int(match["patch"])) if match else None


def version_text(image: str) -> str | None:
    """The same, like `1.103.2`."""
    version = version_of(image)
    return version and ".".join(map(str, version))


def repository_of(image: str) -> str:
    """The image's repository; empty for one that is not pinned as it must be."""
    match = _IMAGE.fullmatch(image)
    return match["repository"] if match else ""


def _safe_to_run(image: str) -> str:
    version = version_of(image)
    if version is None:
        raise refused(
            "must be pinned by digest and tell LiteLLM's version in its tag: "
            "repository:v1.103.2@sha256:<64 hexadecimal digits>, the repository in lower case"
        )
    # A pre-release comes before the release that mends something.
    versions = (_before(version), version) if _PRE_RELEASE.search(image.partition("@")[0]) else (version,)
    if advisories := dict.fromkeys(advisory for one in versions for advisory in advisories_for(one)):
        holes = "; ".join(f"{advisory.name}: {advisory.hole}" for advisory in advisories)
        raise refused(f"must be a version of LiteLLM that is safe to run, like 1.103.2; against this one: {holes}")
    return image


def _before(version: Version) -> Version:
    major, minor, patch = version
    return (major, minor, patch - 1) if patch else (major, minor - 1, 999_999)


Repository = Annotated[
    str,
    StringConstraints(pattern=f"^{_REPOSITORY}$", max_length=200),
    must_be("a repository without tag, like mirror.example.com/litellm"),
]
Image = Annotated[Text, AfterValidator(_safe_to_run)]
