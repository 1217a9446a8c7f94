"""Where Spark is, and what a home without it is told."""

from __future__ import annotations

import json
import os

import pytest

from creditline.home.files import write_file
from creditline.spark import cluster
from creditline.spark.place import Address, SparkUnavailable, address, record_file
from creditline.spark.types import spark_type
from creditline.warehouse.state import state_tables


@pytest.fixture(autouse=True)
def empty_place(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDITLINE_SPARK_DIR", str(tmp_path))
    monkeypatch.delenv("CREDITLINE_SPARK_HOST", raising=False)


def test_without_a_cluster_the_error_says_how_to_get_one():
    with pytest.raises(SparkUnavailable, match="scripts/spark up"):
        address()
    assert not cluster.is_up()
    assert cluster.status()[0][2] == "is not started"


def test_the_environment_names_another_machine_first(monkeypatch):
    monkeypatch.setenv("CREDITLINE_SPARK_HOST", "spark.example")
    assert address() == Address("spark.example", 10000)


def test_without_java_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(SparkUnavailable, match="openjdk-17"):
        cluster.up(print)


def test_a_process_that_took_over_a_recorded_number_is_left_alone():
    """This very test runs under a recorded number, and was not started when the record says."""
    member = {"name": "master", "pid": os.getpid(), "started": "1"}
    write_file(record_file(), json.dumps({"ports": {}, "members": [member]}).encode())
    cluster.down(print)
    assert not record_file().exists()


def test_every_type_that_is_carried_has_one_on_spark():
    kinds = {kind for table in state_tables() for kind in table.columns.values()}
    assert {spark_type(kind) for kind in kinds} >= {"bigint", "string", "timestamp_ntz", "array<bigint>"}
    assert spark_type("DECIMAL(18, 2)") == "decimal(18, 2)"
    with pytest.raises(KeyError):
        spark_type("hugeint")
