"""Items of telemetry as the Track API v2.1 documents them; anything else is an error.

Source: https://github.com/Azure/azure-rest-api-specs, applicationinsights/data-plane/Monitor.Exporters/preview/v2.1. Of
its types there are those that a gateway sends. Ids are those of W3C trace context, which Azure's own SDKs send.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

_MAX_AGE = timedelta(hours=48)
_MAX_AHEAD = timedelta(minutes=5)
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _text(longest: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=longest)


def _hexadecimal(length: int) -> StringConstraints:
    """Not only zeros."""
    return StringConstraints(pattern="^[0-9a-f]*[1-9a-f][0-9a-f]*$", min_length=length, max_length=length)


Name = Annotated[str, _text(1024)]
SpanId = Annotated[str, _hexadecimal(16)]
TraceId = Annotated[str, _hexadecimal(32)]
Duration = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,3}\.([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6,7}$")
]
Time = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$")]
Properties = dict[Annotated[str, _text(150)], Annotated[str, StringConstraints(max_length=8192)]]
Measurements = dict[Annotated[str, _text(150)], float]


class Tags(BaseModel):
    """Keys and lengths: ContextTagKeys."""

    model_config = _STRICT

    role: Annotated[str, _text(256)] = Field(alias="ai.cloud.role")
    instance: Annotated[str, _text(256)] = Field(alias="ai.cloud.roleInstance")
    operation: TraceId | None = Field(None, alias="ai.operation.id")
    name: Name | None = Field(None, alias="ai.operation.name")
    parent: SpanId | None = Field(None, alias="ai.operation.parentId")


class DataPoint(BaseModel):
    """An aggregated value."""

    model_config = _STRICT

    ns: Annotated[str, _text(256)] | None = None
    name: Name
    kind: Literal["Aggregation"]
    value: float
    count: Annotated[int, Field(ge=1, lt=2**31)]
    min: float
    max: float

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        rounding = 0.001 * self.count
        if not self.count * self.min - rounding <= self.value <= self.count * self.max + rounding:
            raise ValueError("the sum is not between count * min and count * max")
        return self


class MetricData(BaseModel):
    """Of several metrics Azure uses the first one only."""

    model_config = _STRICT

    ver: Literal[2]
    metrics: Annotated[list[DataPoint], Field(min_length=1, max_length=1)]
    properties: Properties = {}


class RequestData(BaseModel):
    """A request of a client."""

    model_config = _STRICT

    ver: Literal[2]
    id: SpanId
    name: Name
    duration: Duration
    success: bool
    responseCode: Name
    source: Name | None = None
    url: Annotated[str, _text(2048)] | None = None
    properties: Properties = {}
    measurements: Measurements = {}


class RemoteDependencyData(BaseModel):
    """A call of another service."""

    model_config = _STRICT

    ver: Literal[2]
    id: SpanId
    name: Name
    resultCode: Name
    data: Annotated[str, _text(8192)] | None = None
    type: Name
    target: Name
    duration: Duration
    success: bool
    properties: Properties = {}
    measurements: Measurements = {}


class _Data(BaseModel):
    model_config = _STRICT


class MetricBase(_Data):
    """The data of a metric."""

    baseType: Literal["MetricData"]
    baseData: MetricData


class RequestBase(_Data):
    """The data of a request."""

    baseType: Literal["RequestData"]
    baseData: RequestData


class DependencyBase(_Data):
    """The data of a dependency."""

    baseType: Literal["RemoteDependencyData"]
    baseData: RemoteDependencyData


_NAMES = {
    "MetricData": "Microsoft.ApplicationInsights.Metric",
    "RequestData": "Microsoft.ApplicationInsights.Request",
    "RemoteDependencyData": "Microsoft.ApplicationInsights.RemoteDependency",
}


class Item(BaseModel):
    """An envelope with its data."""

    model_config = _STRICT

    ver: Literal[1]
    name: str
    time: Time
    sampleRate: Annotated[float, Field(gt=0, le=100)]
    iKey: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    seq: Annotated[str, _text(64)] | None = None
    tags: Tags
    data: MetricBase | RequestBase | DependencyBase = Field(discriminator="baseType")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if _NAMES.get(self.data.baseType) != self.name:
            raise ValueError(f"{self.name!r} is no name of an item with {self.data.baseType}")
        age = datetime.now(UTC) - datetime.fromisoformat(self.time)
        if not -_MAX_AHEAD <= age <= _MAX_AGE:
            raise ValueError(f"the time {self.time} is too far from now")
        is_metric = isinstance(self.data, MetricBase)
        if is_metric == (self.tags.operation is not None):
            raise ValueError("an item of a trace has an ai.operation.id, a metric has none")
        if isinstance(self.data, DependencyBase) and self.tags.parent is None:
            raise ValueError("a dependency has an ai.operation.parentId")
        return self


def check_item(item: Any) -> str | None:  # noqa: ANN401 - whatever JSON has
    """Return what is wrong with an item, or None."""
    try:
        Item.model_validate(item)
    except ValueError as error:
        return str(error)
    return None
