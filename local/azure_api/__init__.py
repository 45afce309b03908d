"""An imitation of the parts of Azure that Terraform and the azurerm provider call, for tests of the whole way.

It refuses what Azure refuses. README.md says what it imitates and what not.
"""
