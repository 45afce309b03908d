"""An emulator of one Azure OpenAI resource in one region.

It returns Azure's answers and error messages, and fails like the network on request, so that the gateway is tested
against real sockets instead of mocks. README.md says how to control it.
"""
