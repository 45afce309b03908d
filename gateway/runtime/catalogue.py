"""The models under the names that clients use. Whoever may not use one is told that it does not exist."""

import json
from collections.abc import Collection, Mapping

from .configuration import Model
from .errors import RefusedError, error, invalid
from .exchange import Answer


class Catalogue:
    """All models, of which a caller may use those of certain `names`."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models

    def find(self, name: object, names: Collection[str], *, is_azure: bool = False) -> Model:
        """Return the model; who speaks Azure's language may call it by its deployment.

        Raises:
            RefusedError: 400 or 404; it is no name, or that of none.
        """
        if not isinstance(name, str):
            raise invalid("'model' must name a model.", param="model", code="missing_required_parameter")
        usable = [model for model in self._models.values() if model.name in names]
        found = [model for model in usable if model.name == name]
        if is_azure:
            found += [model for model in usable if model.deployment == name]
        if not found:
            choice = ", ".join(model.name for model in usable)
            message = f"The model '{name[:64]}' does not exist here; use one of {choice}."
            raise RefusedError(error(404, message, param="model", code="model_not_found"))
        return found[0]

    def all(self, names: Collection[str]) -> Answer:
        """List the models in the order of the settings."""
        data = [_described(name) for name in self._models if name in names]
        return _found({"object": "list", "data": data})

    def one(self, name: str, names: Collection[str]) -> Answer:
        """Describe one of them, or raise RefusedError: 404."""
        return _found(_described(self.find(name, names).name))


def _described(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "azure"}


def _found(body: dict[str, object]) -> Answer:
    return Answer(status=200, body=json.dumps(body).encode(), headers={"content-type": "application/json"})
