"""What stops a benchmark."""


class BenchmarkError(Exception):
    """Its text says what was not as expected; a number measured on top of it would mean nothing."""
