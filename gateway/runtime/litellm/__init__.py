"""Translation by LiteLLM."""
