"""Calls of an upstream: Azure OpenAI, or LiteLLM."""
