"""What each benchmark measures and how it is shown: docs/benchmarks.md can be written again from the numbers alone."""
