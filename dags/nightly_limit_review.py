"""Nightly limit review: from a landed delivery to published facts and released orders.

**Purpose.** Decides every credit limit of one business date, once. Each task is one call into `creditline.night`.

**If it fails.** Read the failed task's last line: it names the file, the row, the rule and what to do next. Mend that,
then clear the failed task; every step can be repeated, and a published night never changes. A refused delivery leaves
its reason in `quarantine/<date>/refusal.json`.

**Owner.** Operations. See docs/how-to/runbook.md.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, task


def _home():
    from pathlib import Path

    from creditline.home import open_home
    from creditline.home.files import write_privately

    write_privately()
    return open_home(Path(os.environ["CREDITLINE_HOME"]))


def _run(step: str, business_date: str) -> str:
    from datetime import date

    from creditline import night
    from creditline.accidents import told_plainly

    with told_plainly():
        getattr(night, step)(_home(), date.fromisoformat(business_date))
    return business_date


@dag(
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=15)},
    params={"business_date": Param(None, type=["null", "string"], format="date")},
    tags=["tier-1"],
    doc_md=__doc__,
)
def nightly_limit_review():
    @task
    def choose_night(params: dict | None = None) -> str:
        from creditline.accidents import told_plainly
        from creditline.night import next_night

        with told_plainly():
            chosen = params["business_date"] or next_night(_home())
        if chosen is None:
            raise ValueError("no landed night is waiting; land a delivery, then trigger the DAG again")
        return str(chosen)

    @task
    def accept(business_date: str) -> str:
        return _run("accept", business_date)

    @task
    def gate_inputs(business_date: str) -> str:
        return _run("gate_inputs", business_date)

    @task
    def build(business_date: str) -> str:
        return _run("build", business_date)

    @task
    def gate_outputs(business_date: str) -> str:
        return _run("gate_outputs", business_date)

    @task
    def publish(business_date: str) -> str:
        return _run("publish", business_date)

    @task
    def release(business_date: str) -> str:
        return _run("release", business_date)

    @task
    def settle(business_date: str) -> str:
        return _run("settle", business_date)

    settle(release(publish(gate_outputs(build(gate_inputs(accept(choose_night())))))))


nightly_limit_review()
