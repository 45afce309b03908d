"""Metrics and traces for Application Insights (docs/telemetry.md): never content, keys or addresses of clients."""
