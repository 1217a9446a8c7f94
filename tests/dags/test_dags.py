"""DAG files: thin, importable, named after what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from creditline.night import STEPS

DAGS = sorted((Path(__file__).resolve().parents[2] / "dags").glob("*.py"))
HEAVY = ("duckdb", "dbt", "great_expectations", "pandas", "creditline")
CHAINS = {"nightly_limit_review": ("choose_night", *STEPS), "intraday_watch": ("watch",)}

LOOK = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location(sys.argv[3], sys.argv[1])
module = importlib.util.module_from_spec(spec)
before = set(sys.modules)
spec.loader.exec_module(module)
from airflow.sdk import DAG
dag = getattr(module, spec.name)()
print(json.dumps({
    "dag_id": dag.dag_id, "doc": dag.doc_md or "", "max_active_runs": dag.max_active_runs,
    "tasks": {task.task_id: [task.retries, sorted(task.upstream_task_ids)] for task in dag.tasks},
    "heavy": [name for name in sys.argv[2].split(",") if name in sys.modules],
}))
"""


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_is_thin_and_says_what_to_do(path, tmp_path):
    script = tmp_path / "look.py"
    script.write_text(LOOK)
    command = [sys.executable, str(script), str(path), ",".join(HEAVY), path.stem]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={"AIRFLOW_HOME": str(tmp_path)})
    facts = json.loads(shown.stdout.splitlines()[-1])
    assert facts["dag_id"] == path.stem
    assert "If it fails" in facts["doc"]
    assert facts["max_active_runs"] == 1
    assert facts["heavy"] == []
    assert "told_plainly" in path.read_text()
    chain = CHAINS[path.stem]
    assert facts["tasks"] == {task: [2, [chain[number - 1]] if number else []] for number, task in enumerate(chain)}
