"""`scripts/spark up|down|status`."""

from __future__ import annotations

import sys

from creditline.accidents import told_plainly
from creditline.errors import CreditlineError
from creditline.home.files import write_privately
from creditline.output import Format, complain, print_rows, tell
from creditline.spark import cluster

USAGE = "usage: scripts/spark up|down|status"


def main(words: list[str]) -> int:
    """Do one command. Returns the exit code: 0 if it is done or the cluster is up, 1 if not, 2 for wrong usage."""
    if words == ["up"]:
        cluster.up(tell)
    elif words == ["down"]:
        cluster.down(tell)
    elif words != ["status"]:
        print(USAGE, file=sys.stderr)
        return 2
    else:
        print_rows(("part", "where", "state"), cluster.status(), Format.TABLE, title="Spark")
        return 0 if cluster.is_up() else 1
    return 0


if __name__ == "__main__":
    # nobody else may read the temporary files of a night's models
    write_privately()
    try:
        with told_plainly():
            code = main(sys.argv[1:])
    except CreditlineError as error:
        complain(str(error), "spark")
        code = 1
    sys.exit(code)
