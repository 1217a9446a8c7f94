"""Where Spark is: the folder of its programs, the folder of a running cluster, the address of its Thrift server."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.project import ROOT

PROGRAMS = ROOT / ".venv-spark"


class SparkUnavailable(CreditlineError):
    """Spark is not installed, does not run, or does not answer."""


@dataclass(frozen=True)
class Address:
    """The Thrift server that takes SQL."""

    host: str
    port: int


def run_folder() -> Path:
    """Where the cluster of this machine keeps what runs: logs, metastore, tables."""
    return Path(os.environ.get("CREDITLINE_SPARK_DIR", ROOT / "var" / "spark")).resolve()


def record_file() -> Path:
    """The file that records what `scripts/spark up` started: processes and ports."""
    return run_folder() / "cluster.json"


def address() -> Address:
    """The Thrift server named by the environment, or the one that `scripts/spark up` started.

    Raises:
        SparkUnavailable: the environment names none and none was started.
    """
    host = os.environ.get("CREDITLINE_SPARK_HOST")
    if host:
        return Address(host, int(os.environ.get("CREDITLINE_SPARK_THRIFT_PORT", "10000")))
    if not record_file().is_file():
        raise SparkUnavailable(
            f"no Spark: {record_file()} is missing; run `scripts/spark up`, or name a Thrift server in CREDITLINE_SPARK_HOST"
        )
    return Address("127.0.0.1", json.loads(record_file().read_text())["ports"]["thrift"])


def use_client() -> None:
    """Let this process import the connection's packages. They come last on the path, so that they hide nothing of ours.

    Raises:
        SparkUnavailable: the packages are not installed.
    """
    if not (PROGRAMS / "pyhive").is_dir():
        raise SparkUnavailable(f"{PROGRAMS} is missing; run `scripts/spark up`, which installs it")
    if str(PROGRAMS) not in sys.path:
        sys.path.append(str(PROGRAMS))
