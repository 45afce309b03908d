"""The stacks with the real Terraform and azurerm provider, against the imitation of Azure in local/azure_api."""
