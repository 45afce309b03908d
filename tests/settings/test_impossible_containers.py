"""Impossible containers, scales and ingresses: each message names file, field, value and what is allowed."""

import pytest

from tests.settings.conftest import Refuses

DIGEST = "@sha256:" + "a" * 64
PAIR = "0.25 and 0.5Gi, 0.5 and 1Gi, and so on in such steps up to 2 and 4Gi"
PINNED = "must be pinned by digest and tell LiteLLM's version in its tag"
NETWORK = "must be an IPv4 network in CIDR notation"

IMPOSSIBLE = [
    # image
    ('containers.image = "ghcr.io/berriai/litellm:v1.103.2"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "ghcr.io/berriai/litellm{DIGEST}"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "ghcr.io/berriai/litellm:main-stable{DIGEST}"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "ghcr.io/berriai/litellm:v1.103{DIGEST}"', "containers.image", '"ghcr.io', PINNED),
    (f'containers.image = "litellm:v1.103.2{DIGEST}b"', "containers.image", '"litellm', PINNED),
    (f'containers.image = "litellm:v1.103.2 {DIGEST}"', "containers.image", '"litellm', PINNED),
    ("containers.image = 5", "containers.image", "5", "a text of 1 to 256 characters"),
    # containers
    ("containers.gateway.port = 80", "containers.gateway.port", "80", "a whole number from 1024 to 65535"),
    ("containers.gateway.port = 4001", "containers.gateway.port", "4001", "another port than that of"),
    ("containers.gateway.cpu = 0.05", "containers.gateway.cpu", "0.05", "a number of cores from 0.1 to 2"),
    ("containers.gateway.cpu = nan", "containers.gateway.cpu", "NaN", "a number of cores from 0.1 to 2"),
    ("containers.gateway.cpu = 0.255", "containers.gateway.cpu", "0.255", "at most two decimals"),
    ('containers.gateway.memory = "512Mi"', "containers.gateway.memory", '"512Mi"', 'decimals, like "1.5Gi"'),
    ('containers.gateway.memory = "0Gi"', "containers.gateway.memory", '"0Gi"', 'must be at least "0.1Gi"'),
    ("containers.gateway.cpu = 0.3", "containers.gateway.cpu", "0.3", f"add up to 1.3 and 3Gi, but must .* {PAIR}"),
    (
        'containers.gateway = {cpu = 0.3, memory = "0.6Gi"}',
        "containers.gateway.cpu",
        "0.3",
        f"add up to 1.3 and 2.6Gi, but must .* {PAIR}",
    ),
    ('containers.litellm.memory = "3Gi"', "containers.litellm.memory", '"3Gi"', f"1.5 and 4Gi, but must .* {PAIR}"),
    (
        'containers.litellm = {cpu = 2, memory = "4Gi"}',
        "containers.litellm.cpu",
        "2.0",
        f"add up to 2.5 and 5Gi, but must .* {PAIR}",
    ),
    ("containers.litellm.port = 4000", "containers.litellm.port", "4000", "another port than that of the other"),
    ("containers.litellm.cpu = 0.5", "containers.litellm.cpu", "0.5", "a number of cores from 0.75 to 2"),
    ('containers.litellm.memory = "1Gi"', "containers.litellm.memory", '"1Gi"', 'must be at least "1.5Gi"'),
    # scale and ingress
    ("scale.min_replicas = -1", "scale.min_replicas", "-1", "a whole number from 0 to 300"),
    ("scale.min_replicas = true", "scale.min_replicas", "true", "a whole number from 0 to 300"),
    ("scale.max_replicas = 0", "scale.max_replicas", "0", "a whole number from 1 to 300"),
    ("scale.max_replicas = 1001", "scale.max_replicas", "1001", "a whole number from 1 to 300"),
    ("scale.max_replicas = 1.5", "scale.max_replicas", "1.5", "a whole number from 1 to 300"),
    ("scale.min_replicas = 4", "scale.max_replicas", "3", "must be at least scale.min_replicas, which is 4"),
    ("scale.concurrent_requests = 0", "scale.concurrent_requests", "0", "a whole number from 1 to 1000"),
    ('ingress.external = "perhaps"', "ingress.external", '"perhaps"', "must be true or false"),
    ("ingress.ip_allowlist = 5", "ingress.ip_allowlist", "5", "must be a list of IPv4 networks"),
    ("ingress.ip_allowlist = [5]", "ingress.ip_allowlist[0]", "5", "a text of 1 to 256"),
    ('ingress.ip_allowlist = ["10.0.0.0"]', "ingress.ip_allowlist[0]", '"10.0.0.0"', NETWORK),
    ('ingress.ip_allowlist = ["10.0.0.0/33"]', "ingress.ip_allowlist[0]", '"10.0.0.0/33"', NETWORK),
    ('ingress.ip_allowlist = ["10.0.0.0/255.0.0.0"]', "ingress.ip_allowlist[0]", '"10.0.0.0/255.0.0.0"', NETWORK),
    ('ingress.ip_allowlist = ["2001:db8::/32"]', "ingress.ip_allowlist[0]", '"2001:db8::/32"', NETWORK),
    (
        'ingress.ip_allowlist = ["10.0.0.0/8", "10.1.2.3/16"]',
        "ingress.ip_allowlist[1]",
        '"10.1.2.3/16"',
        f"{NETWORK}.*the network of this address is 10.1.0.0/16",
    ),
]


@pytest.mark.parametrize(("content", "field", "value", "allowed"), IMPOSSIBLE)
def test_an_impossible_value_is_refused(refuses: Refuses, content: str, field: str, value: str, allowed: str) -> None:
    refuses(content, field=field, value=value, allowed=allowed)
