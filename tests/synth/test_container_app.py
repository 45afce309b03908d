"""The container app: what runs, who reaches it, how it is watched and scaled."""

import math

import pytest

from gateway.containers import Reference, SecretRef, build_containers
from local.runner.stack import unescape
from tests.synth.conftest import Synthesize
from tests.synth.stack import Document, Stack, opens_template, strings

MAX_ENVIRONMENT_BYTES = 128 * 1024  # docs/decisions/0018-source-in-the-revision.md
PAIRS = {(quarter / 4, quarter / 2) for quarter in range(1, 9)}

# What azurerm 4.62 accepts (later ones accept more failures).
PROBE_RANGES = {
    "initial_delay": range(61),
    "interval_seconds": range(1, 241),
    "timeout": range(1, 241),
    "failure_count_threshold": range(1, 31),
    "success_count_threshold": range(1, 11),
}
GRACE_PERIOD_RANGE = range(601)
REPLICAS_RANGE = range(301)

CLOSED = """\
env = "closed"
[ingress]
external = false
ip_allowlist = ["203.0.113.0/24", "198.51.100.7/32"]
"""


def _gibibytes(memory: str) -> float:
    assert memory.endswith("Gi")
    return float(memory.removesuffix("Gi"))


def _probes(container: Document) -> dict[str, Document]:
    return {kind: container[f"{kind}_probe"][0] for kind in ("startup", "liveness", "readiness")}


def test_the_replica_is_the_gateway_and_litellm_of_one_image(stack: Stack) -> None:
    assert [container["name"] for container in stack.containers] == ["gateway", "litellm"]
    assert {container["image"] for container in stack.containers} == {stack.settings.containers.image}


def test_containers_are_built_as_the_gateway_describes_them(any_stack: Stack) -> None:
    for built, container in zip(build_containers(any_stack.settings), any_stack.containers, strict=True):
        assert [unescape(part) for part in container["command"]] == list(built.command)
        assert (container["cpu"], container["memory"]) == (built.cpu, built.memory)
        assert [_env(entry) for entry in container["env"]] == list(built.env.items())


def _env(entry: Document) -> tuple[str, str | SecretRef | Reference]:
    if "secret_name" in entry:
        return entry["name"], SecretRef(name=entry["secret_name"])
    if opens_template(entry["value"]):
        return entry["name"], Reference(expression=entry["value"])
    return entry["name"], unescape(entry["value"])


def test_cpu_and_memory_are_a_pair_that_container_apps_has(stack: Stack) -> None:
    cpu = sum(container["cpu"] for container in stack.containers)
    memory = sum(_gibibytes(container["memory"]) for container in stack.containers)
    assert (cpu, memory) in PAIRS


def test_the_environment_of_each_container_stays_far_below_what_linux_takes(stack: Stack) -> None:
    for container in stack.containers:
        size = sum(len(text.encode()) for entry in container["env"] for text in strings(list(entry.values())))
        assert size < MAX_ENVIRONMENT_BYTES


def test_no_text_of_a_container_is_a_template_for_terraform(any_stack: Stack) -> None:
    built = [value for container in build_containers(any_stack.settings) for value in container.env.values()]
    references = {value.expression for value in built if isinstance(value, Reference)}
    assert {text for text in strings(any_stack.containers) if opens_template(text)} == references


def test_the_ingress_leads_to_the_gateway_by_https(stack: Stack) -> None:
    ingress = stack.app["ingress"]
    assert ingress["external_enabled"] is True
    assert ingress["allow_insecure_connections"] is False
    assert ingress["target_port"] == stack.settings.containers.gateway.port
    assert ingress["transport"] == "http"
    assert ingress["traffic_weight"] == [{"latest_revision": True, "percentage": 100}]
    assert stack.app["revision_mode"] == "Single"


def test_azure_keeps_the_revisions_that_a_rollback_needs(stack: Stack, synthesize_files: Synthesize) -> None:
    assert stack.app["max_inactive_revisions"] == 20
    few = synthesize_files({"few.toml": 'env = "few"\nscale.max_inactive_revisions = 5\n'})["few"]
    assert few.app["max_inactive_revisions"] == 5


def test_without_an_allowlist_every_address_may_connect(stack: Stack) -> None:
    assert stack.settings.ingress.ip_allowlist == ()
    assert not stack.app["ingress"].get("ip_security_restriction")


def test_an_allowlist_lets_in_its_networks_alone(synthesize_files: Synthesize) -> None:
    ingress = synthesize_files({"closed.toml": CLOSED})["closed"].app["ingress"]
    assert ingress["external_enabled"] is False
    assert ingress["ip_security_restriction"] == [
        {"name": "allow-1", "action": "Allow", "ip_address_range": "203.0.113.0/24"},
        {"name": "allow-2", "action": "Allow", "ip_address_range": "198.51.100.7/32"},
    ]


def test_replicas_follow_the_requests_in_flight(stack: Stack) -> None:
    template, scale = stack.app["template"], stack.settings.scale
    assert (template["min_replicas"], template["max_replicas"]) == (scale.min_replicas, scale.max_replicas)
    assert {template["min_replicas"], template["max_replicas"]} <= set(REPLICAS_RANGE)
    [rule] = template["http_scale_rule"]
    assert rule["concurrent_requests"] == str(scale.concurrent_requests)


def test_a_replica_that_goes_may_finish_the_longest_answer(stack: Stack) -> None:
    grace = stack.app["template"]["termination_grace_period_seconds"]
    assert grace in GRACE_PERIOD_RANGE
    assert grace == math.ceil(stack.settings.timeouts.total_s)


def test_every_container_is_watched_on_its_own_port(stack: Stack) -> None:
    for built, container in zip(build_containers(stack.settings), stack.containers, strict=True):
        for kind, probe in _probes(container).items():
            described = getattr(built.probes, kind)
            assert (probe["transport"], probe["port"], probe["path"]) == ("HTTP", built.port, described.path)
            assert probe["initial_delay"] == described.initial_delay_s
            assert probe["interval_seconds"] == described.period_s
            assert probe["timeout"] == described.timeout_s
            assert probe["failure_count_threshold"] == described.failure_threshold


def test_probes_stay_within_what_the_provider_accepts(stack: Stack) -> None:
    for container in stack.containers:
        for probe in _probes(container).values():
            for name in PROBE_RANGES.keys() & probe.keys():
                assert probe[name] in PROBE_RANGES[name], name


@pytest.mark.parametrize(("index", "seconds"), [(0, 30), (1, 150)], ids=["gateway", "litellm"])
def test_a_container_has_the_time_that_its_start_needs(stack: Stack, index: int, seconds: int) -> None:
    probe = _probes(stack.containers[index])["startup"]
    assert probe["initial_delay"] + probe["interval_seconds"] * probe["failure_count_threshold"] >= seconds


def test_one_good_answer_makes_a_replica_ready(stack: Stack) -> None:
    for container in stack.containers:
        assert _probes(container)["readiness"]["success_count_threshold"] == 1
