"""Trouble that the person at the command line can put right."""


class Trouble(RuntimeError):
    """A command cannot go on. The text says why and what to do; it is shown as it stands, no traceback."""
