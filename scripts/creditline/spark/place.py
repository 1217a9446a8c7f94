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
    """What `scripts/spark up` started: processes and ports."""
    return run_folder() / "cluster.json"


def address() -> Address:
    """The Thrift server named by the environment, or the one that `scripts/spark up` started.

    Raises:
        SparkUnavailable: neither is there.
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
    """Let this process import what the connection needs; last on the path, so that it hides nothing of ours.

    Raises:
        SparkUnavailable: it is not installed.
    """
    if not (PROGRAMS / "pyhive").is_dir():
        raise SparkUnavailable(f"{PROGRAMS} is missing; run `scripts/spark up`, which installs it")
    if str(PROGRAMS) not in sys.path:
        sys.path.append(str(PROGRAMS))
