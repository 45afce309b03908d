"""Azure OpenAI's errors; clients match on status, code and sometimes on the message."""

from collections.abc import Sequence

from local.emulator import json_codec

_DATA_ACTIONS = {
    "responses": ("responses", "responses"),
    "embeddings": ("deployments/embeddings/action", "deployments/{deployment-id}/embeddings"),
    "chat": ("deployments/chat/completions/action", "deployments/{deployment-id}/chat/completions"),
}
_RESPONSE_ACTIONS = {"POST": "write", "DELETE": "delete"}


class AzureError(Exception):
    """An answer that is an error: `status`, the `error` object of the body, extra headers."""

    is_bare = False
    """Whether the body is the object itself."""

    def __init__(self, *, status: int, error: json_codec.JsonObject, headers: dict[str, str] | None = None) -> None:
        super().__init__(error.get("message"))
        self.status = status
        self.error = error
        self.headers = headers or {}

    @property
    def body(self) -> bytes:
        return json_codec.dumps(self.error if self.is_bare else {"error": self.error})


def front_end_error(*, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> AzureError:
    """An error of Azure's front end, which sends only code and message."""
    return AzureError(status=status, error={"code": code, "message": message}, headers=headers)


def model_error(
    *,
    message: str,
    status: int = 400,
    type_: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
) -> AzureError:
    """An error of the model's API, in OpenAI's format."""
    error = {"message": message, "type": type_, "param": param, "code": code}
    return AzureError(status=status, error=error)


def not_found() -> AzureError:
    return front_end_error(status=404, code="404", message="Resource not found")


def access_denied() -> AzureError:
    return front_end_error(
        status=401,
        code="401",
        message="Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
        "key for an active subscription and use a correct regional API endpoint for your resource.",
    )


def keys_disabled() -> AzureError:
    message = "Key based authentication is disabled for this resource."
    return front_end_error(status=403, code="AuthenticationTypeDisabled", message=message)


class UnauthorizedError(AzureError):
    """A bearer token that is none, or not valid."""

    is_bare = True


def unauthorized() -> UnauthorizedError:
    message = (
        "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), "
        "or have expired."
    )
    return UnauthorizedError(status=401, error={"statusCode": 401, "message": message})


def wrong_tenant(tenant: str) -> AzureError:
    return front_end_error(
        status=400,
        code="Tenant provided in token does not match resource token",
        message=f"Token tenant {tenant} does not match resource tenant.",
    )


def permission_denied(*, principal: str, method: str, surface: str) -> AzureError:
    """The principal has no role that permits the operation."""
    action, path = _DATA_ACTIONS.get(surface, _DATA_ACTIONS["responses"])
    if surface == "responses":
        action = f"{action}/{_RESPONSE_ACTIONS.get(method, 'read')}"
    return front_end_error(
        status=401,
        code="PermissionDenied",
        message=f"The principal `{principal}` lacks the required data action "
        f"`Microsoft.CognitiveServices/accounts/OpenAI/{action}` to perform `{method} /openai/{path}` operation.",
    )


def deployment_not_found() -> AzureError:
    return front_end_error(
        status=404,
        code="DeploymentNotFound",
        message="The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again.",
    )


def operation_not_supported(*, operation: str, model: str) -> AzureError:
    return front_end_error(
        status=400,
        code="OperationNotSupported",
        message=f"The {operation} operation does not work with the specified model, {model}. Please choose different "
        "model and try again. You can learn more about which models can be used with each operation here: "
        "https://go.microsoft.com/fwlink/?linkid=2197993.",
    )


def unsupported_api_version() -> AzureError:
    return front_end_error(status=400, code="BadRequest", message="API version not supported")


def version_not_allowed() -> AzureError:
    message = "api-version query parameter is not allowed when using /v1 path"
    return front_end_error(status=400, code="BadRequest", message=message)


def not_json() -> AzureError:
    return model_error(
        message="We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
    )


def missing(param: str) -> AzureError:
    return model_error(
        message=f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
    )


def unknown(param: str) -> AzureError:
    return model_error(message=f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")


def unsupported(param: str) -> AzureError:
    return model_error(message=f"Unsupported parameter: '{param}' is not supported with this model.", param=param)


def wrong_type(*, param: str, expected: str, value: object) -> AzureError:
    return model_error(
        message=f"Invalid type for '{param}': expected {expected}, but got {json_codec.kind(value)} instead.",
        param=param,
        code="invalid_type",
    )


def wrong_value(*, param: str, value: object, supported: str) -> AzureError:
    return model_error(
        message=f"Invalid value: '{value}'. Supported values are: {supported}.", param=param, code="invalid_value"
    )


def listed(values: Sequence[str]) -> str:
    """Values as a message names them."""
    quoted = [f"'{value}'" for value in values]
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
