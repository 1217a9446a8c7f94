"""The production shape, really: PostgreSQL, API server, scheduler with LocalExecutor and DAG processor run one night.

The commands and the environment are those of docker-compose.yml, as local processes on loopback.
"""

from __future__ import annotations

import glob
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet

from creditline.home import Home
from creditline.night import STEPS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VENV_BIN = Path(sys.executable).parent

pytestmark = [pytest.mark.production, pytest.mark.timeout(900)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} after {seconds} s")
        time.sleep(1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A real server on loopback in a folder of its own; yields its SQLAlchemy address."""
    binaries = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    # Not below pytest's own folder: that one is closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="creditline-postgres-"))
    data = folder / "data"
    port = free_port()
    demote = {}
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        demote = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    run = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL, **demote}
    subprocess.run([binaries / "initdb", "-D", data, "-U", "airflow", "--auth=trust"], **run)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run([binaries / "pg_ctl", "-D", data, "-o", options, "-w", "-l", data / "log", "start"], **run)
    try:
        subprocess.run([binaries / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "airflow", "airflow"], **run)
        yield f"postgresql+psycopg2://airflow@127.0.0.1:{port}/airflow"
    finally:
        subprocess.run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """A tiny simulated book with one landed night."""
    from sample_book import FIRST_NIGHT

    from creditline.home import create_home
    from creditline.simulate import sample_home_settings, simulate_book

    home = create_home(tmp_path_factory.mktemp("production") / "home", sample_home_settings())
    simulate_book(home, accounts=200, nights=1, first_date=FIRST_NIGHT, seed=3)
    return home


@pytest.fixture(scope="module")
def environment(postgres, home, tmp_path_factory) -> dict[str, str]:
    """The environment of docker-compose.yml with the places of this machine."""
    port = free_port()
    airflow_home = tmp_path_factory.mktemp("airflow")
    composed = {name: str(value) for name, value in COMPOSE["x-airflow"]["environment"].items()}
    composed |= {
        "CREDITLINE_HOME": str(home.root),
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(48),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
    }
    assert not [name for name, value in composed.items() if "${" in value]
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHONDONTWRITE"))
    }
    return {**inherited, **composed, "PATH": f"{VENV_BIN}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def services(environment) -> Iterator[dict[str, subprocess.Popen]]:
    """Every Airflow service of docker-compose.yml, the API server first; stopped by its process group."""
    logs = Path(environment["AIRFLOW_HOME"])
    subprocess.run(COMPOSE["services"]["airflow-init"]["command"], env=environment, check=True, capture_output=True)
    started: dict[str, subprocess.Popen] = {}

    def start(service: str) -> None:
        with (logs / f"{service}.log").open("wb") as log:
            started[service] = subprocess.Popen(
                COMPOSE["services"][service]["command"],
                env=environment, cwd=logs, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    try:
        start("airflow-apiserver")
        wait_until(lambda: is_healthy(environment), 180, "the API server does not answer")
        start("airflow-scheduler")
        start("airflow-dag-processor")
        yield started
    finally:
        for process in reversed(started.values()):
            stop_group(process)


def stop_group(process: subprocess.Popen) -> None:
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_number)
            process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def call(environment: dict[str, str], path: str, body: dict | None = None, token: str | None = None) -> dict:
    """One request to the API server."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(
        f"http://127.0.0.1:{environment['AIRFLOW__API__PORT']}{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers=headers,
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def is_healthy(environment: dict[str, str]) -> bool:
    try:
        call(environment, "/api/v2/monitor/health")
        return True
    except (urllib.error.URLError, OSError):
        return False


def token_of(environment: dict[str, str]) -> str:
    passwords = Path(environment["AIRFLOW_HOME"]) / "simple_auth_manager_passwords.json.generated"
    password = json.loads(passwords.read_text())["admin"]
    return call(environment, "/auth/token", {"username": "admin", "password": password})["access_token"]


def test_a_real_scheduler_runs_a_night(environment, services, home):
    token = token_of(environment)
    dag = "/api/v2/dags/nightly_limit_review"

    def is_known() -> bool:
        try:
            return not call(environment, dag, token=token)["is_paused"]
        except urllib.error.HTTPError:
            return False

    wait_until(is_known, 120, "the scheduler does not know the DAG")
    run = call(
        environment,
        f"{dag}/dagRuns",
        {"logical_date": None, "conf": {"business_date": str(home.landed_dates()[0])}},
        token,
    )
    path = f"{dag}/dagRuns/{run['dag_run_id']}"
    wait_until(
        lambda: call(environment, path, token=token)["state"] in ("success", "failed"),
        600,
        "the night is still running",
    )
    tasks = call(environment, f"{path}/taskInstances", token=token)["task_instances"]
    states = {task["task_id"]: task["state"] for task in tasks}
    assert states == dict.fromkeys(("choose_night", *STEPS), "success")
    assert home.published_dates() == home.landed_dates()
    assert home.current.is_symlink()


def test_the_compose_file_is_closed_by_default():
    for name, service in COMPOSE["services"].items():
        assert not service.get("privileged"), name
        assert service["cap_drop"] == ["ALL"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        if name.startswith("airflow-"):
            assert service["read_only"], name
            assert shutil.which(service["command"][0], path=str(VENV_BIN)), name
    example = (ROOT / ".env.example").read_text()
    for variable in (
        "POSTGRES_PASSWORD",
        "AIRFLOW_USERS",
        "AIRFLOW_JWT_SECRET",
        "AIRFLOW_SECRET_KEY",
        "AIRFLOW_FERNET_KEY",
    ):
        assert f"{variable}=" in example
