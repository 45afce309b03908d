"""Roles of the gateway's identity outside its vault, each by its id: Azure renames roles, and their ids stay.

https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

COGNITIVE_SERVICES_OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
"""Call the models of an account; neither its keys nor its deployments."""
MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
"""Send telemetry of every kind, and read none
(https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication)."""
