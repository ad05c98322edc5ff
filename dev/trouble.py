"""The one exception of the launcher."""


class Trouble(Exception):  # noqa: N818  it is no error of the program
    """Something to be expected went wrong. Its text is one sentence for a person; the exit code is 2."""
