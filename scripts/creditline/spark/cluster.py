"""A real cluster on the loopback of one machine: master, workers, Thrift server. We stop only recorded processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from creditline.home.files import Json, canonical_json, make_directory, write_file
from creditline.spark.place import PROGRAMS, Address, SparkUnavailable, record_file, run_folder
from creditline.spark.session import open_session

SPARK_HOME = PROGRAMS / "pyspark"
HOST = "127.0.0.1"
WORKERS = 2
JAVA = 17
START_SECONDS = 180
STOP_SECONDS = 20
PORTS = ("master", "master_ui", "thrift")
# Java 17 reports that it is out of memory if compression in native code has delayed its garbage collector twice. (Java
# 22 has neither this lock nor this option.) The driver keeps thousands of small broadcasts until they are collected, so
# it ran into this error.
PATIENT = "-XX:+IgnoreUnrecognizedVMOptions -XX:+UnlockDiagnosticVMOptions -XX:GCLockerRetryAllocationCount=100"
# A small night consists of planning: nothing runs long enough to be worth compiling or replanning
# (docs/how-to/scale.md). `CREDITLINE_SPARK_SIZE=large` keeps Spark's own defaults for these settings.
SMALL = {
    "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 {PATIENT}",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.shuffle.partitions": "1",
}
# Spark judges a broadcast by the size of its Parquet, where our integers take a twentieth of the room of a hash table.
LARGE = {"spark.driver.extraJavaOptions": PATIENT, "spark.sql.autoBroadcastJoinThreshold": "1m"}
# With its defaults, Spark logs fifty thousand lines a night, which takes a tenth of the time.
_LOGGING = """rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex
"""


@dataclass(frozen=True)
class Member:
    """One process of the cluster. `started` tells it apart from a later process with the same number."""

    name: str
    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Whether exactly this process still runs."""
        return _started(self.pid) == self.started


def up(tell: Callable[[str], None]) -> None:
    """Start whatever does not run yet, and return once the workers have answered a query.

    Raises:
        SparkUnavailable: Java is missing, or the cluster does not start in time; the message names the log.
    """
    if is_up():
        return
    down(tell)
    _require_java()
    folder = run_folder()
    for name in ("conf", "local", "logs", "work", "tables"):
        make_directory(folder / name)
    ports = {name: _port(name) for name in PORTS}
    (folder / "conf" / "spark-defaults.conf").write_text(_defaults(folder, ports))
    (folder / "conf" / "log4j2.properties").write_text(_LOGGING)
    tell("starting master, workers and Thrift server")
    try:
        _start_all(folder, ports)
        _await(lambda: _alive_workers(ports) == WORKERS, f"{WORKERS} workers", folder)
        tell(f"{WORKERS} workers are there")
        _await(lambda: _answers(ports), "the Thrift server", folder)
    except SparkUnavailable:
        down(tell)
        raise
    tell(f"ready: {HOST}:{ports['thrift']}, programs in {SPARK_HOME}")


def down(tell: Callable[[str], None]) -> None:
    """Stop every recorded process with its children; the tables and the metastore stay."""
    members = _members()
    for member in reversed(members):
        if member.is_alive:
            tell(f"stopping {member.name} ({member.pid})")
            os.killpg(member.pid, signal.SIGTERM)
    patiently = Retrying(
        retry=retry_if_result(bool),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(STOP_SECONDS),
        # processes that are still alive after this time are killed
        retry_error_callback=lambda _: None,
    )
    patiently(lambda: any(member.is_alive for member in members))
    for member in members:
        if member.is_alive:
            os.killpg(member.pid, signal.SIGKILL)
    record_file().unlink(missing_ok=True)


def status() -> list[tuple[str, str, str]]:
    """Every part of the cluster: its name, its process or address, and its status."""
    ports = _ports()
    rows = [(member.name, str(member.pid), "runs" if member.is_alive else "is gone") for member in _members()]
    if not rows:
        return [("cluster", str(run_folder()), "is not started")]
    workers = _alive_workers(ports)
    answers = _answers(ports)
    return [
        *rows,
        ("workers alive", f"{HOST}:{ports['master_ui']}", f"{workers} of {WORKERS}"),
        ("query through Thrift", f"{HOST}:{ports['thrift']}", "answers" if answers else "does not answer"),
    ]


def is_up() -> bool:
    """Whether all workers are registered and answer a query."""
    ports = _ports()
    return bool(ports) and _alive_workers(ports) == WORKERS and _answers(ports)


def _start_all(folder: Path, ports: dict[str, int]) -> None:
    """Start every process and record each immediately, so that an interrupted start can be stopped."""
    master = f"spark://{HOST}:{ports['master']}"
    spark_class = str(SPARK_HOME / "bin" / "spark-class")
    workers = [
        (f"worker-{number}", [
            spark_class, "org.apache.spark.deploy.worker.Worker", "-h", HOST, "--webui-port", "0",
            "-c", _setting("WORKER_CORES", "1"), "-m", _setting("WORKER_MEMORY", "2g"), "-d", str(folder / "work"), master,
        ])
        for number in range(1, WORKERS + 1)
    ]  # fmt: skip
    commands = [
        ("master", [
            spark_class, "org.apache.spark.deploy.master.Master", "-h", HOST,
            "-p", str(ports["master"]), "--webui-port", str(ports["master_ui"]),
        ]),
        *workers,
        ("thrift", [
            str(SPARK_HOME / "bin" / "spark-submit"), "--name", "creditline",
            "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal",
            "--hiveconf", f"hive.server2.thrift.port={ports['thrift']}",
            "--hiveconf", f"hive.server2.thrift.bind.host={HOST}",
        ]),
    ]  # fmt: skip
    members: list[Member] = []
    for name, command in commands:
        members.append(_start(name, command, folder))
        record = {"ports": ports, "members": [vars(member) for member in members]}
        write_file(record_file(), canonical_json(record))


def _start(name: str, command: list[str], folder: Path) -> Member:
    environment = {
        **os.environ,
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": HOST,
        # shuffled and spilled data goes to the disk that was given to Spark, not to the system's temporary folder
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_DAEMON_MEMORY": "512m",
    }
    with (folder / "logs" / f"{name}.log").open("wb") as log:
        # a process group of its own, so that a worker's executors are stopped with it
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    return Member(name, process.pid, _started(process.pid))


def _defaults(folder: Path, ports: dict[str, int]) -> str:
    """The configuration of driver and executors; `CREDITLINE_SPARK_CONF` ("key=value key=value") overrides it."""
    settings = {
        "spark.master": f"spark://{HOST}:{ports['master']}",
        "spark.master.rest.enabled": "false",
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.driver.memory": _setting("DRIVER_MEMORY", "4g"),
        "spark.executor.memory": _setting("EXECUTOR_MEMORY", "1g"),
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": f"file://{folder / 'tables'}",
        # where the catalog is kept; with Derby the same small night takes twice as long
        "spark.sql.catalogImplementation": _setting("CATALOG", "in-memory"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder / 'metastore'};create=true",
        # both engines must agree on these settings
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.ansi.enabled": "true",
        # one session for all threads of dbt, so that what it knows about tables stays known
        "spark.sql.hive.thriftServer.singleSession": "true",
        "spark.scheduler.mode": "FAIR",
        # a statement whose client was killed continues; this ends it after a time
        "spark.sql.thriftServer.queryTimeout": _setting("STATEMENT_SECONDS", "3600"),
        **(LARGE if _setting("SIZE", "small") == "large" else SMALL),
    }
    given = dict(pair.split("=", 1) for pair in os.environ.get("CREDITLINE_SPARK_CONF", "").split())
    return "".join(f"{name} {value}\n" for name, value in {**settings, **given}.items())


def _await(is_there: Callable[[], bool], what: str, folder: Path) -> None:
    """Wait for a part of the cluster. Raises SparkUnavailable if a process stops, or after some minutes."""

    def is_missing() -> bool:
        if is_there():
            return False
        if gone := [member.name for member in _members() if not member.is_alive]:
            raise SparkUnavailable(f"{what}: {gone[0]} stopped; see {folder / 'logs'}")
        return True

    patiently = Retrying(retry=retry_if_result(bool), wait=wait_fixed(0.5), stop=stop_after_delay(START_SECONDS))
    try:
        patiently(is_missing)
    except RetryError as error:
        late = f"it did not come up within {START_SECONDS} s"
        raise SparkUnavailable(f"{what}: {late}; see {folder / 'logs'}") from error


def _alive_workers(ports: dict[str, int]) -> int:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{ports['master_ui']}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, ValueError):
        return 0


def _answers(ports: dict[str, int]) -> bool:
    """Whether the workers, and not only the driver, answer a query."""
    try:
        # the client logs every refused connection, so it asks only if the port is open
        socket.create_connection((HOST, ports["thrift"]), timeout=5).close()
        with open_session(Address(HOST, ports["thrift"])) as session:
            return session.run("select count(*) from range(1000)") == [(1000,)]
    except (OSError, SparkUnavailable):
        return False


def _require_java() -> None:
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if os.environ.get("JAVA_HOME") else shutil.which("java")
    if not java or not Path(java).is_file() or _java_version(java) < JAVA:
        raise SparkUnavailable(
            f"Spark needs Java {JAVA} or later; install it (Debian: apt-get install openjdk-{JAVA}-jre-headless)"
            " or name it in JAVA_HOME"
        )


def _java_version(java: str | Path) -> int:
    """The feature release from the output of `java -version`, such as 17 from version "17.0.9"; 0 if it shows none."""
    printed = subprocess.run([str(java), "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', printed)
    return int(found[1]) if found else 0


def _port(name: str) -> int:
    """The port that the environment names, or any free port."""
    given = _setting(f"{name.upper()}_PORT", "0")
    if given != "0":
        return int(given)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"CREDITLINE_SPARK_{name}", default)


def _record() -> Json:
    return json.loads(record_file().read_text()) if record_file().is_file() else {}


def _ports() -> dict[str, int]:
    ports: dict[str, int] = _record().get("ports", {})
    return ports


def _members() -> list[Member]:
    return [Member(**entry) for entry in _record().get("members", [])]


def _started(pid: int) -> str:
    """When a process started, in the kernel's clock ticks; empty if there is no such process or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
