"""Run the gateway on this machine: the Azure OpenAI emulator and the runner of the synthesized stack."""
