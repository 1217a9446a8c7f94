"""Run every landed night of a home in this process; one line of JSON a night, with the highest resident memory so far."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from peers.measure import peak_rss_bytes

from creditline.home import open_home
from creditline.night import run_all
from creditline.output import tell
from creditline.spark.runner import runner_of
from creditline.warehouse.engine import Engine


def main(root: str, engine: str) -> None:
    """Print seconds, stages and peak memory of each night as it is done."""
    for result in run_all(open_home(Path(root)), tell, runner_of(Engine(engine))):
        line = {
            "seconds": round(sum(result.seconds.values()), 3),
            "peak_rss_bytes": peak_rss_bytes(),
            "stages": result.seconds,
        }
        # a later night may fail, hours later
        tell(f"{result.business_date}: {line}")
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
