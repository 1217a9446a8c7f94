"""The errors with which Creditline refuses.

Every message names the file, the row, the rule, and what to do next, on one line.
"""


class CreditlineError(Exception):
    """The data or a check forbids it. The command line prints the message and exits 1."""


class UsageError(CreditlineError):
    """The call itself is wrong. The command line prints it and exits 2."""
