"""Roles of the gateway's identity, each by its id (Azure renames roles), and a right of who deploys.

https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

LIST_DELETED_WORKSPACES = "Microsoft.OperationalInsights/deletedWorkspaces/read"
"""The provider does it in the subscription before it makes a workspace (docs/decisions/0029-rights-on-one-group.md)."""
COGNITIVE_SERVICES_OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
"""Call the models of an account; neither its keys nor its deployments."""
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""Pull images of a registry."""
REPOSITORY_READER = "b93aa761-3e63-49ed-ac28-beffa264f7ac"
"""The same of a registry with permissions by repository, for which AcrPull does nothing
(https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference)."""
KEY_VAULT_SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
"""Read the secrets of a vault."""
MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
"""Send telemetry of every kind, and read none
(https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication)."""
