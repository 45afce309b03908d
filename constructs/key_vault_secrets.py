"""The way of a secret from a Terraform variable into the Key Vault, past state and plan."""

from collections.abc import Mapping

from cdktf import Fn, ITerraformDependable, TerraformVariable, TerraformVariableValidationConfig, Token, VariableType

from constructs import Construct, azurerm
from constructs.key_vault import KeyVault
from constructs.literal import literal
from gateway.secrets import Secret, build_secrets
from settings import EnvironmentSettings


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
        after: ITerraformDependable,
    ) -> None:
        super().__init__(scope, construct_id)
        secrets = build_secrets(settings)
        variables = {secret.variable: self._build_variable(secret=secret) for secret in secrets if not secret.sha256}
        self.versionless_ids = {
            secret.name: self._build_secret(
                secret=secret,
                value=variables[secret.variable].string_value,
                version=settings.secrets_version,
                vault=vault,
                tags=tags,
                after=after,
            ).versionless_id
            for secret in secrets
        }

    def _build_variable(self, *, secret: Secret) -> TerraformVariable:
        name = secret.variable
        variable = TerraformVariable(
            self,
            name,
            type=VariableType.STRING,
            description=literal(f"{secret.description} Set TF_VAR_{name}."),
            sensitive=True,
            nullable=False,
            validation=[
                TerraformVariableValidationConfig(
                    condition=f'${{trimspace(var.{name}) != ""}}', error_message=f"TF_VAR_{name} must not be empty."
                )
            ],
        )
        variable.override_logical_id(name)
        # The bindings do not know `ephemeral`. Without it Terraform would keep the value in the plan.
        variable.add_override("ephemeral", True)  # noqa: FBT003
        return variable

    def _build_secret(
        self,
        *,
        secret: Secret,
        value: str,
        version: int,
        vault: KeyVault,
        tags: Mapping[str, str],
        after: ITerraformDependable,
    ) -> azurerm.KeyVaultSecret:
        resource = azurerm.KeyVaultSecret(
            self,
            f"{secret.name}-secret",
            name=secret.name,
            key_vault_id=vault.id,
            content_type="text/plain",
            value_wo=Token.as_string(Fn.sha256(value)) if secret.sha256 else value,
            value_wo_version=version,
            tags=tags,
            depends_on=[after],
        )
        resource.override_logical_id(secret.name.replace("-", "_"))
        return resource
