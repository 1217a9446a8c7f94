"""Intraday watch: freezes takeovers and restores verified customers, minutes after their events, between nights.

**Purpose.** Takes in what arrived under `landing/<date>/intraday/` since the last run. The task calls into
`creditline.watch`; it works beside a running night and changes no limit.

**If it fails.** Read the task's last line: it names the delivery, the file, the rule and what to do next. Everything else
was taken in and acted on; a refused delivery leaves its reason in `quarantine/<date>/intraday/<HHMM>/refusal.json`. The
next run, minutes later, tries again.

**Owner.** Operations. See docs/how-to/runbook.md.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum
from airflow.sdk import dag, task


@dag(
    schedule="*/5 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=15)},
    tags=["tier-1"],
    doc_md=__doc__,
)
def intraday_watch():
    @task
    def watch() -> None:
        from pathlib import Path

        from creditline.accidents import told_plainly
        from creditline.home import open_home
        from creditline.home.files import write_privately
        from creditline.watch import require_nothing_refused, watch_open_days

        write_privately()
        with told_plainly():
            require_nothing_refused(watch_open_days(open_home(Path(os.environ["CREDITLINE_HOME"]))))

    watch()


intraday_watch()
