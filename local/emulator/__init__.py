"""An emulator of one Azure OpenAI resource in one region.

It answers what Azure answers, down to the messages of its refusals, and fails like the network when told to,
so that the gateway is tested against real sockets and never against mocks. README.md says how to steer it.
"""
