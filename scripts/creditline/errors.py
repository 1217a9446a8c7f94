"""What Creditline says when it says no.

Every message names the file, the row, the rule, and what to do next, on one line.
"""


class CreditlineError(Exception):
    """The data or a check says no. The command line prints it and exits 1."""


class UsageError(CreditlineError):
    """The call itself is wrong. The command line prints it and exits 2."""
