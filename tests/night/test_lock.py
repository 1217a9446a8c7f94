"""One process at a time works on a night of a home."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_delivery import NIGHT, deliver, small_home

from creditline import night as steps
from creditline.home.lock import HomeBusy
from creditline.home.turns import only_worker
from creditline.night import STEPS, accept
from creditline.simulate import continue_book, simulate_book

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys
from pathlib import Path
from creditline.home import open_home
from creditline.home.turns import only_lander, only_worker
with only_worker(open_home(Path(sys.argv[1])), "test"), only_lander(open_home(Path(sys.argv[1])), "test"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path):
    home = small_home(tmp_path / "home")
    deliver(home)
    return home


@pytest.fixture
def holder(home):
    """Another process that holds the home until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("step", STEPS)
def test_no_step_begins_while_another_process_works(home, holder, step):
    with pytest.raises(HomeBusy, match=rf"of {NIGHT}: another process works on a night of {home.root}; wait"):
        getattr(steps, step)(home, NIGHT)


def test_a_killed_process_leaves_nothing_locked(home, holder):
    holder.kill()
    holder.wait()
    accept(home, NIGHT)
    with only_worker(home, "test"):
        pass


@pytest.mark.parametrize("go_on", [True, False])
def test_no_two_processes_land_a_book_at_once(home, holder, go_on):
    """Two `scripts/nightly` did, and the second died of what the first had written meanwhile."""
    with pytest.raises(HomeBusy, match=f"simulation: another process lands nights in {home.root}; wait"):
        if go_on:
            continue_book(home)
        else:
            simulate_book(home, accounts=5, nights=1, first_date=NIGHT, seed=1)


def test_a_second_run_of_the_main_job_ends_in_one_line(tmp_path):
    """The doors lock the folder that they work in: what a shell has locked, a second one does not wait for."""
    for door, folder in (("nightly", tmp_path), ("airflow-dag", tmp_path / "airflow")):
        folder.mkdir(exist_ok=True)
        with (tmp_path / "held").open("w") as held:
            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            arguments = ["--home", str(tmp_path)] if door == "nightly" else [str(tmp_path), "2026-09-01"]
            lines = (ROOT / "scripts" / door).read_text().replace("scripts/bootstrap\n", "true\n")
            here = f'cd "{ROOT}"'
            script = lines.replace('cd "$(dirname "$0")/.."', here)
            ended = subprocess.run(["bash", "-c", script, door, *arguments], stderr=held, stdout=held, check=False)
            os.close(descriptor)
        said = (tmp_path / "held").read_text().splitlines()
        assert ended.returncode == 1
        assert said[-1].startswith(f"{door}: another ")
        assert said[-1].endswith("wait until it ends, then run this again")
        assert len([line for line in said if not line.startswith("[")]) == 1
