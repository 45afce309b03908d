"""Errors of the runner."""


class RunnerError(Exception):
    """Its text is the message for the user: what is wrong, and what to do."""
