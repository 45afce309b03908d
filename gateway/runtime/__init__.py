"""The gateway in front of Azure OpenAI. Its source code is sent to its container as one archive.

- `http`: server, health probes, shutdown; `routes` lists the routes, `pipeline` the steps of a request
- `admission`: authentication, request body, model, fields that LiteLLM may get
- `rate_limits`: limits of projects, queue of embeddings for Azure's quota
- `failover`: regions, circuit breakers, affinity of conversations; `retries` says which failures are retried
- `upstream`: one call of Azure or LiteLLM, streams, authentication to Azure
- `telemetry`: metrics and traces for Application Insights
- `litellm`: translation of chat completions for Responses models
- `context`: what is known about a request, and the types that the steps share; `access_log` reports it

It uses the standard library, `settings/limits.py`, and of LiteLLM's image aiohttp, pydantic and, without a key of
Azure, azure-identity.
"""
