"""The identity endpoint that Container Apps gives to a container, with tokens that the emulators verify.

With `--azure` they are those of the Azure CLI's user, for the real Azure OpenAI. README.md says how to control it.
"""
