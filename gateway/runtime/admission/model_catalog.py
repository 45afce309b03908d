"""The models, found and described by the names that clients use."""

import json
from collections.abc import Collection, Mapping

from ..configuration import Model
from ..context import Response
from ..errors import RefusedError, error_response, invalid_request


class ModelCatalog:
    """All models; each method gets the `names` of those that the caller may use. Others do not exist for the caller."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models

    def find(self, name: object, names: Collection[str], *, is_azure: bool = False) -> Model:
        """Return the model of this name; on Azure's routes also by the name of its deployment.

        Raises:
            RefusedError: 400 if this is not a name, 404 if there is no such model.
        """
        if not isinstance(name, str):
            message = "'model' is required and must be the name of a model."
            raise invalid_request(message, param="model", code="missing_required_parameter")
        usable = [model for model in self._models.values() if model.name in names]
        found = [model for model in usable if model.name == name]
        if is_azure:
            found += [model for model in usable if model.deployment == name]
        if not found:
            choice = ", ".join(model.name for model in usable)
            message = f"The model '{name[:64]}' does not exist here. Use one of {choice}."
            raise RefusedError(error_response(404, message, param="model", code="model_not_found"))
        return found[0]

    def first_of_kind(self, kind: str, names: Collection[str]) -> Model | None:
        """Return the first model of this kind, if there is one."""
        return next((model for model in self._models.values() if model.kind == kind and model.name in names), None)

    def list(self, names: Collection[str]) -> Response:
        """List the models in the order of the settings."""
        data = [_description(model) for model in self._models.values() if model.name in names]
        return _json_response({"object": "list", "data": data})

    def describe(self, name: str, names: Collection[str]) -> Response:
        """Describe a model, or raise RefusedError 404."""
        return _json_response(_description(self.find(name, names)))


def _description(model: Model) -> dict[str, object]:
    """OpenAI's fields, and the limits under the names that clients read, if they are known."""
    limits = {"context_window": model.context_window, "max_output_tokens": model.max_output_tokens}
    known = {name: tokens for name, tokens in limits.items() if tokens is not None}
    return {"id": model.name, "object": "model", "created": model.created, "owned_by": "azure", **known}


def _json_response(body: dict[str, object]) -> Response:
    return Response(status=200, body=json.dumps(body).encode(), headers={"content-type": "application/json"})
