"""Prints the last landed night that is not published yet, for scripts/nightly; exits 1 if there is none, 2 if the home cannot be read."""

from __future__ import annotations

import sys
from pathlib import Path

from creditline.accidents import told_plainly
from creditline.errors import CreditlineError
from creditline.home import open_home
from creditline.night import pending_nights
from creditline.output import complain


def main() -> int:
    """Entry point: one argument, the home."""
    try:
        with told_plainly():
            waiting = pending_nights(open_home(Path(sys.argv[1])))
    except CreditlineError as error:
        complain(str(error))
        return 2
    if not waiting:
        return 1
    print(waiting[-1])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
