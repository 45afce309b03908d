"""What a person can mend."""


class RunnerError(Exception):
    """Its text is the whole message: what is wrong, and what to do."""
