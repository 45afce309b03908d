"""The way of a secret from a Terraform variable into the Key Vault, past state and plan."""

from collections.abc import Mapping

from cdktf import (
    TerraformResourceLifecycle,
    TerraformVariable,
    TerraformVariableValidationConfig,
    VariableType,
)

from constructs import Construct, azurerm
from constructs.escaping import literal
from constructs.key_vault import KeyVault
from gateway.secrets import Secret, build_secrets
from settings.environment import EnvironmentSettings
from settings.secret_names import SecretName


class KeyVaultSecrets(Construct):
    """Ephemeral variables, written with write-only arguments.

    Terraform cannot see a change of a value that it does not keep: a new one is written when `secrets_version` of
    the settings rises (https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only).
    """

    versionless_ids: Mapping[str, str]
    """Secret name to Key Vault address, in the order of `build_secrets`; without a version, so that rotation works."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        vault: KeyVault,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        secrets = build_secrets(settings)
        for secret in secrets:
            if secret.value.variable:
                self._build_variable(secret=secret, name=secret.value.variable)
        self.versionless_ids = {
            secret.name: self._build_secret(
                secret=secret, version=settings.secrets_version, vault=vault, tags=tags
            ).versionless_id
            for secret in secrets
        }

    def _build_variable(self, *, secret: Secret, name: str) -> None:
        """A variable whose secret can be derived may be left unset, but not be blank."""
        given_as = SecretName(name=name)
        is_optional = secret.value.optional is not None
        given = f'trimspace(var.{name}) != ""'
        variable = TerraformVariable(
            self,
            name,
            type=VariableType.STRING,
            description=literal(f"{secret.description} {given_as.instruction}"),
            sensitive=True,
            nullable=False,
            default="" if is_optional else None,
            validation=[
                TerraformVariableValidationConfig(
                    condition=f'${{var.{name} == "" || {given}}}' if is_optional else f"${{{given}}}",
                    error_message=f"{given_as.environ} must not be {'blank' if is_optional else 'empty'}.",
                )
            ],
        )
        variable.override_logical_id(name)
        # The bindings do not know `ephemeral`. Without it Terraform would keep the value in the plan.
        variable.add_override("ephemeral", True)  # noqa: FBT003

    def _build_secret(
        self, *, secret: Secret, version: int, vault: KeyVault, tags: Mapping[str, str]
    ) -> azurerm.KeyVaultSecret:
        """One that may leave is deleted after the update of the app that referred to it: an app whose update failed
        would refer to nothing. Terraform passes `create_before_destroy` on to all that such a secret depends on, so
        this is its own vault alone (docs/decisions/0030-secrets-that-leave.md).
        """
        resource = azurerm.KeyVaultSecret(
            self,
            f"{secret.name}-secret",
            name=secret.name,
            key_vault_id=vault.id,
            content_type="text/plain",
            value_wo=secret.value.expression,
            value_wo_version=version,
            tags=tags,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        resource.override_logical_id(secret.name.replace("-", "_"))
        return resource
