"""One process at a time works on a night of a home."""

from __future__ import annotations

import subprocess
import sys

import pytest
from small_delivery import NIGHT, deliver, small_home

from creditline import night as steps
from creditline.home.lock import HomeBusy, only_worker
from creditline.night import STEPS, accept

HOLDER = """
import sys
from pathlib import Path
from creditline.home import open_home
from creditline.home.lock import only_worker
with only_worker(open_home(Path(sys.argv[1])), "test"):
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
