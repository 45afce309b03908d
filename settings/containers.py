"""The replica's two containers, which run one image and share the replica's cores, memory and network."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from settings.existing import Registry
from settings.image import DEFAULT_IMAGE, REPOSITORIES, Image, Repository, repository_of
from settings.values import Between, FieldPath, Group, conflicts, must_be, refused, whole_number


def _two_decimals(cpu: float) -> float:
    if round(cpu, 2) != cpu:
        raise refused("must have at most two decimals")
    return cpu


def _gibibytes(memory: str) -> Decimal:
    return Decimal(memory.removesuffix("Gi"))


def _at_least(least: str) -> AfterValidator:
    def check(memory: str) -> str:
        if _gibibytes(memory) < _gibibytes(least):
            raise refused(f'must be at least "{least}"')
        return memory

    return AfterValidator(check)


Port = Annotated[int, whole_number(1024, 65535)]
Cpu = Annotated[float, Between(0.1, 2, "a number of cores"), AfterValidator(_two_decimals)]
LiteLLMCpu = Annotated[float, Between(0.75, 2, "a number of cores"), AfterValidator(_two_decimals)]
Memory = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?Gi$"),
    must_be('gibibytes with at most two decimals, like "1.5Gi"'),
    _at_least("0.1Gi"),
]


class GatewayContainer(Group):
    """The gateway itself, to which the ingress sends requests."""

    port: Port = Field(4000, description="Port that the gateway listens on.")
    cpu: Cpu = Field(0.5, description="Cores of the gateway, with at most two decimals.")
    memory: Memory = Field("1Gi", description="Memory of the gateway.")


class LiteLLMContainer(Group):
    """Stock LiteLLM. With less than the minimum it runs out of memory."""

    port: Port = Field(4001, description="Port that LiteLLM listens on; another one than the gateway's.")
    cpu: LiteLLMCpu = Field(1.0, description="Cores of LiteLLM, with at most two decimals; at least 0.75.")
    memory: Annotated[Memory, _at_least("1.5Gi")] = Field(
        "2Gi", description="Memory of LiteLLM; at least 1.5Gi. LiteLLM is restarted when it uses 80 % of it."
    )

    @property
    def memory_bytes(self) -> int:
        """The same in bytes."""
        return int(_gibibytes(self.memory) * 2**30)


_Containers = Mapping[str, GatewayContainer | LiteLLMContainer]


class Containers(Group):
    """Container Apps sells the sum of both containers in fixed pairs of cores and memory.

    The pairs go up to 2 cores here; the workload profile Consumption has them up to 4.
    Source: https://learn.microsoft.com/azure/container-apps/containers (allocations).
    """

    mirror: Repository | None = Field(
        None, description="Repository of a mirror of LiteLLM's image, from which `image` may then come."
    )
    image: Image = Field(
        DEFAULT_IMAGE, description="LiteLLM's image for both containers: pinned by digest, with the version in the tag."
    )
    gateway: GatewayContainer = Field(GatewayContainer(), description="The gateway's container.")
    litellm: LiteLLMContainer = Field(LiteLLMContainer(), description="LiteLLM's container.")

    @field_validator("litellm")
    @classmethod
    def _fits_beside_the_gateway(cls, litellm: LiteLLMContainer, info: ValidationInfo) -> LiteLLMContainer:
        gateway: GatewayContainer | None = info.data.get("gateway")
        if gateway is None:  # it was refused, so there is no sum to check
            return litellm
        containers: _Containers = {"gateway": gateway, "litellm": litellm}
        messages: dict[FieldPath, str] = {}
        cpu = Decimal(str(gateway.cpu)) + Decimal(str(litellm.cpu))
        memory = _gibibytes(gateway.memory) + _gibibytes(litellm.memory)
        if cpu % Decimal("0.25") or cpu > 2 or memory != 2 * cpu:
            messages[_given(containers, "cpu", "memory")] = (
                f"cpu and memory of both containers add up to {cpu} and {memory}Gi, but must add up to a pair that "
                "Container Apps has: 0.25 and 0.5Gi, 0.5 and 1Gi, and so on in such steps up to 2 and 4Gi"
            )
        if gateway.port == litellm.port:
            messages[_given(containers, "port")] = "must be another port than that of the other container"
        if messages:
            raise conflicts({"..": containers}, messages)
        return litellm

    def check_image(self, registry: Registry | None) -> dict[FieldPath, str]:
        """Why the image cannot be LiteLLM's, or does not come from the private registry, by field path."""
        repository = repository_of(self.image)
        if registry:
            if registry.holds(repository):
                return {}
            return {("image",): f"must come from {registry.login_server}, or [registry] be left out"}
        named = (repository_of(DEFAULT_IMAGE), self.mirror)
        allowed = [*dict.fromkeys([*REPOSITORIES, *filter(None, named)])]
        if repository in allowed:
            return {}
        return {
            ("image",): f"must come from LiteLLM's repository or from containers.mirror: {' or '.join(allowed)}. "
            "Another one that mirrors it: set containers.mirror. A private registry of Azure: set registry.id"
        }


def _given(containers: _Containers, *fields: str) -> FieldPath:
    """The first of these fields that somebody gave, in whichever container: a default is not to blame."""
    places = [(name, field) for name in containers for field in fields]
    given = [(name, field) for name, field in places if field in containers[name].model_fields_set]
    return ("..", *(given or places)[0])
