"""The one exception of the launcher."""


class Trouble(Exception):
    """Something to be expected went wrong. Its text is one sentence for a person; the exit code is 2."""
