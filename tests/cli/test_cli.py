"""The command line: what it prints, its exit codes, and that its page is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run

ROOT = Path(__file__).resolve().parents[2]


def test_status_is_json_for_programs(sample_book):
    shown = run("status", "--format", "json", home=sample_book.home.root)
    assert shown.returncode == 0, shown.stderr
    nights = json.loads(shown.stdout)["nights"]
    assert [night["state"] for night in nights] == ["published"] * 3
    assert all(night["accounts"] > 0 for night in nights)


def test_explain_says_why_in_both_languages(sample_book):
    home = sample_book.home.root
    query = "select account_key from fct_limit_decision where action = 'DOWN' order by business_date desc, account_key limit 1"
    key = json.loads(run("sql", query, "--format", "json", home=home).stdout)[0]["account_key"]
    import duckdb

    with duckdb.connect(str(sample_book.home.identity_file), read_only=True) as connection:
        account = connection.execute("select account_id from account where account_key = ?", [key]).fetchone()[0]
    english = run("explain", account, "--lang", "en", home=home).stdout
    chinese = run("explain", account, "--lang", "zh", home=home).stdout
    assert "Why\n  1. " in english
    assert "Advice: " in english
    assert "原因\n  1. " in chinese
    assert "{" not in english + chinese
    options = ("--audience", "agent", "--format", "json")
    facts = json.loads(run("explain", account, *options, home=home).stdout)
    assert facts["action"] == "cut"
    assert facts["reasons"][0]["reason_code"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("explain", "NOBODY"), 1, "account NOBODY is not known"),
        (("night",), 2, "give one of --date D, --all, --all-but-last"),
        (("sql", "select nothing from nowhere"), 2, "query: "),
        (("night", "--date", "1999-01-01"), 1, "manifest_missing"),
        (("mode", "set", "*", "live", "--by", "maker"), 2, "two people"),
        (
            ("mode", "set", "BANK1/card", "paused", "--by", "maker"),
            1,
            "no account has it yet: night 2026-09-03 knows no slice BANK1/card",
        ),
        (("dance",), 2, "No such command"),
    ],
)
def test_exit_codes_and_one_line_of_reason(sample_book, tmp_path, arguments, code, says):
    import shutil

    home = shutil.copytree(sample_book.home.root, tmp_path / "home", symlinks=True)
    shown = run(*arguments, home=home)
    assert shown.returncode == code, shown.stderr
    assert says in shown.stderr
    assert "Traceback" not in shown.stderr


def test_policy_check_says_what_does_not_hold(tmp_path):
    assert run("policy", "check").returncode == 0
    import shutil

    pack = Path(shutil.copytree(ROOT / "dbt_project" / "policies" / "default", tmp_path / "mine"))
    band = pack / "band.csv"
    band.write_text(band.read_text().replace("B,680,720,100,3000", "B,680,720,100,2000"))
    shown = run("policy", "check", str(pack), "--format", "json")
    assert shown.returncode == 1
    assert [row["verdict"] for row in json.loads(shown.stdout)] == [
        "default: band.csv: a safer band is cut faster (cut_step_bp)"
    ]
    assert "1 problem(s); correct them and check again" in shown.stderr


def test_policy_diff_shows_the_cells(tmp_path):
    import shutil

    pack = Path(shutil.copytree(ROOT / "dbt_project" / "policies" / "default", tmp_path / "mine"))
    band = pack / "band.csv"
    band.write_text(band.read_text().replace("G,300,520,4500,7000", "G,300,520,4500,8000"))
    shown = run("policy", "diff", "default", str(pack), "--format", "json")
    assert json.loads(shown.stdout) == [
        {"file": "band.csv", "row": "G", "column": "cut_step_bp", "before": "7000", "after": "8000"}
    ]
    assert run("policy", "diff", "default", "nothing").returncode == 2


def test_a_folder_that_is_no_home_is_said(tmp_path):
    shown = run("status", home=tmp_path)
    assert shown.returncode == 2
    assert "is not a warehouse home" in shown.stderr
