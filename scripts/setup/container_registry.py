"""Asks a container registry which digest a tag stands for.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re

import httpx

from scripts.cli.error_handling import ScriptError

# An index of several platforms first: Azure takes what it runs on, a laptop another one.
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_TIMEOUT_S = 20.0


def digest_of(repository: str, tag: str) -> str:
    """The digest of `repository:tag`; `ScriptError` when the registry does not give it."""
    host, _, path = repository.partition("/")
    # As in Docker: only a registry on this machine needs no TLS.
    scheme = "http" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
    url = f"{scheme}://{host}/v2/{path}/manifests/{tag}"
    try:
        with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True) as client:
            answer = client.head(url, headers={"accept": _ACCEPT})
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                headers = {"accept": _ACCEPT, "authorization": f"Bearer {_token(client, answer, repository)}"}
                answer = client.head(url, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as broken:
        raise ScriptError(
            f"{host} cannot be reached ({type(broken).__name__}: {broken}).\n"
            "If the network does not allow it, look up the digest elsewhere: --digest sha256:..."
        ) from None
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise ScriptError(f"{repository} has no tag {tag}.")
    digest = str(answer.headers.get("docker-content-digest"))
    if not answer.is_success or not _DIGEST.fullmatch(digest):
        raise ScriptError(
            f"{host} answered {answer.status_code} and no digest for {repository}:{tag}.\n"
            "Try again later, or look up the digest elsewhere: --digest sha256:..."
        )
    return digest


def _token(client: httpx.Client, refusal: httpx.Response, repository: str) -> str:
    """The token for a public image, which needs no login."""
    challenge = dict(_CHALLENGE.findall(refusal.headers.get("www-authenticate", "")))
    realm = challenge.pop("realm", "")
    answer = client.get(realm, params=challenge) if realm else refusal
    try:
        fields = answer.raise_for_status().json()
        return str(fields.get("token") or fields["access_token"])
    except (httpx.HTTPStatusError, ValueError, AttributeError, KeyError):
        raise ScriptError(
            f"{repository} cannot be read without a login. Is the name right, and is it public?"
        ) from None
