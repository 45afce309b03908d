"""The replica's two containers: their image, ports and share of the machine."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from settings.litellm_versions import advisories_for, version_of
from settings.values import Between, Group, Text, conflict, must_be, refused, whole_number

DEFAULT_IMAGE = (
    "ghcr.io/berriai/litellm:v1.103.2@sha256:f63fb81b831b170ec16851e23c36ac5bf52ef106b271406429524a2ed730bbfd"
)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)*:(?P<tag>\w[\w.-]*)@sha256:[0-9a-f]{64}", re.ASCII)


def _safe_image(image: str) -> str:
    match = _IMAGE.fullmatch(image)
    version = version_of(match["tag"]) if match else None
    if version is None:
        raise refused(
            "must be pinned by digest and its tag must tell LiteLLM's version: "
            "repository:v1.103.2@sha256:<64 hexadecimal digits>"
        )
    if found := advisories_for(version):
        holes = "; ".join(f"{advisory.name}: {advisory.hole}" for advisory in found)
        raise refused(f"must be a LiteLLM version that is safe to run, like the default v1.103.2; this one has {holes}")
    return image


def _two_decimals(cpu: float) -> float:
    if round(cpu, 2) != cpu:
        raise refused("must have at most two decimals")
    return cpu


def _gibibytes(memory: str) -> Decimal:
    return Decimal(memory.removesuffix("Gi"))


def _enough_for_litellm(memory: str) -> str:
    if _gibibytes(memory) < Decimal("1.5"):
        raise refused('must be at least "1.5Gi": LiteLLM runs out of memory with less')
    return memory


Port = Annotated[int, whole_number(1024, 65535)]
Cpu = Annotated[float, Between(0.1, 4, "a number of cores"), AfterValidator(_two_decimals)]
LiteLLMCpu = Annotated[float, Between(0.75, 4, "a number of cores"), AfterValidator(_two_decimals)]
Memory = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?Gi$"),
    must_be('gibibytes with at most two decimals, like "1.5Gi"'),
]


class GatewayContainer(Group):
    """Our own program, to which the ingress leads."""

    port: Port = Field(4000, description="Port of the gateway.")
    cpu: Cpu = Field(0.25, description="Cores of the gateway, with at most two decimals.")
    memory: Memory = Field("0.5Gi", description="Memory of the gateway.")


class LiteLLMContainer(Group):
    """Stock LiteLLM, which only the gateway and the platform's probes call."""

    port: Port = Field(4001, description="Port of LiteLLM; another one than the gateway's.")
    cpu: LiteLLMCpu = Field(1.0, description="Cores of LiteLLM, with at most two decimals, at least 0.75.")
    memory: Annotated[Memory, AfterValidator(_enough_for_litellm)] = Field(
        "2Gi", description="Memory of LiteLLM, at least 1.5Gi."
    )


class Containers(Group):
    """One image for both containers; Container Apps sells their sum in fixed pairs of cores and memory."""

    image: Annotated[Text, AfterValidator(_safe_image)] = Field(
        DEFAULT_IMAGE, description="LiteLLM's image, pinned by digest, with its version in the tag."
    )
    gateway: GatewayContainer = Field(GatewayContainer(), description="The gateway's container.")
    litellm: LiteLLMContainer = Field(LiteLLMContainer(), description="LiteLLM's container.")

    @field_validator("litellm")
    @classmethod
    def _fits_beside_the_gateway(cls, litellm: LiteLLMContainer, info: ValidationInfo) -> LiteLLMContainer:
        """Source of the pairs: https://learn.microsoft.com/azure/container-apps/containers#allocations."""
        gateway: GatewayContainer | None = info.data.get("gateway")
        if gateway is None:  # it was refused already
            return litellm
        mistakes = []
        cpu = Decimal(str(gateway.cpu)) + Decimal(str(litellm.cpu))
        memory = _gibibytes(gateway.memory) + _gibibytes(litellm.memory)
        if cpu % Decimal("0.25") or cpu > 4 or memory != 2 * cpu:
            mistakes.append(
                f"cpu and memory of both containers add up to {cpu} and {memory}Gi, but must add up to a pair that "
                "Container Apps has: 0.25 and 0.5Gi, 0.5 and 1Gi, and so on in these steps up to 4 and 8Gi"
            )
        if gateway.port == litellm.port:
            mistakes.append(f"both containers listen on port {litellm.port}, but must have ports of their own")
        if mistakes:
            raise conflict("; ".join(mistakes))
        return litellm

    @property
    def litellm_version(self) -> str:
        """The version that the image's tag tells, like `1.103.2`, for whoever installs the same from PyPI."""
        match = _IMAGE.fullmatch(self.image)
        version = version_of(match["tag"]) if match else None
        return ".".join(map(str, version or ()))
