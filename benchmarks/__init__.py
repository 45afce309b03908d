"""What the gateway costs, measured: `python -m benchmarks`."""
