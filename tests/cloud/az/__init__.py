"""The stand-in for `az`: one module per command group."""
