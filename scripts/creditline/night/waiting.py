"""Prints the last landed night that is not published yet, for scripts/nightly; exits 1 if there is none."""

from __future__ import annotations

import sys
from pathlib import Path

from creditline.home import open_home
from creditline.night import pending_nights


def main() -> int:
    """Entry point: one argument, the home."""
    waiting = pending_nights(open_home(Path(sys.argv[1])))
    if not waiting:
        return 1
    print(waiting[-1])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
