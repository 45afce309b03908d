"""The projects: who may use which models, and how much of them."""

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from settings.azure_openai import Deployment
from settings.models import RequestsPerMinute, TokensPerMinute
from settings.secret_names import SECONDARY
from settings.values import FieldPath, Group, Name, Switch, at_most, list_of, refused, tables, whole_number

DEFAULT = "default"
"""What the only project is called if the settings name none."""


def _not_a_second_key(name: str) -> str:
    if name.endswith(SECONDARY):
        raise refused(f'must not end with "{SECONDARY}", as the second keys of the projects do')
    return name


def _some(models: tuple[str, ...]) -> tuple[str, ...]:
    if not models:
        raise refused("must name a model, or be left out for all of them")
    return models


_NO_MONTH = (
    "is not a setting: replicas share no state, so none of them knows what a project has used in a month "
    "(docs/decisions/0023-no-monthly-limits.md); use observability.budget, observability.alerts.tokens_per_day, or "
    "limits per minute"
)


class Project(Group):
    """Each of its two keys authenticates. Each replica counts its own use against the limits."""

    absent: ClassVar[Mapping[str, str]] = {"monthly_tokens": _NO_MONTH, "monthly_cost": _NO_MONTH}

    default: Switch = Field(
        default=False,
        description=(
            "Whether it is the default project, whose keys have no project in their names: `TF_VAR_gateway_key`. One "
            "of several projects must be; one called `default`, or the only one, is."
        ),
    )
    models: Annotated[tuple[Deployment, ...], list_of("models"), AfterValidator(_some)] | None = Field(
        None, description="The models that it may use. Default: all."
    )
    requests_per_minute: RequestsPerMinute | None = Field(
        None, description="Requests per minute, also refused ones. Default: no limit."
    )
    tokens_per_minute: TokensPerMinute | None = Field(None, description="Tokens per minute. Default: no limit.")
    parallel_requests: Annotated[int, whole_number(1, 10_000)] | None = Field(
        None, description="Concurrent requests. Default: no limit."
    )


Projects = Annotated[
    dict[Annotated[Name, AfterValidator(_not_a_second_key)], Project],
    tables("[projects.<name>]"),
    at_most(60, "projects, whose keys fit into the environment of the gateway's container"),
]


def default_projects(projects: Mapping[str, Project]) -> list[str]:
    """Those that are the default by field or name, else all: one, unless `check_default` has a message."""
    return [name for name, project in projects.items() if project.default or name == DEFAULT] or list(projects)


def check_default(projects: Mapping[str, Project]) -> dict[FieldPath, str]:
    """Whether it is told which of several is the default: the order of the file must not decide whose key is whose."""
    found = default_projects(projects)
    if len(found) < 2:
        return {}
    names = ", ".join(found)
    if marked := [name for name in found if projects[name].default]:
        message = f'must be true in one project only, and in none beside one called "{DEFAULT}"; these are {names}'
        return {(name, "default"): message for name in marked}
    message = (
        f"must have one with default = true, whose keys are TF_VAR_gateway_key and gateway-key in the vault; these are "
        f"{names}. In an environment that is deployed, take the one that has these keys: it was the first in the file"
    )
    return {(): message}


def check_projects(projects: Mapping[str, Project], models: Collection[str]) -> dict[FieldPath, str]:
    """Models that do not exist, by field path."""
    return {
        (name, "models", number): f"must be one of the models, which are {', '.join(models)}"
        for name, project in projects.items()
        for number, model in enumerate(project.models or ())
        if model not in models
    }
