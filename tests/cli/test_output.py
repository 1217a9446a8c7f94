"""What is printed is text, whole, and fits: tables where they do, else a record a block."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from creditline.cli import app
from creditline.errors import UsageError
from creditline.output import Format, complain, print_json, print_rows, print_text, tell

# Markup, a colour, a new line, a change of the direction of reading, a cursor that goes home, nothing at all, half a letter.
HOSTILE = "[/x][red]A\x1b[31m\n\u202eB\u009b1H\u200b\u2028:smile:\udc80"
SHOWN = r"[/x][red]A\x1b[31m\n\u202eB\x9b1H\u200b\u2028:smile:\udc80"


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_rows_that_fit_are_a_table(capsys):
    print_rows(("night", "limit"), [("2026-09-01", 11835900), ("2026-09-02", None)], Format.TABLE, title="Home x")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Home x"
    assert [line.split("│")[1:3] for line in lines if line.startswith("│")] == [
        [" 2026-09-01 ", " 11835900 "],
        [" 2026-09-02 ", "          "],
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_rows_that_do_not_fit_are_blocks_in_which_no_value_is_cut(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    columns = [f"column_number_{number:02d}" for number in range(19)]
    rows = [[f"{row}{number}1807930.00" for number in range(19)] for row in range(2)]
    print_rows(columns, rows, Format.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split() for line in lines if not line.startswith("-[")] == [
        [column, value] for row in rows for column, value in zip(columns, row, strict=True)
    ]
    assert [line.rstrip("-") for line in lines if line.startswith("-[")] == ["-[ 1 ]", "-[ 2 ]"]


def test_one_value_longer_than_the_width_stands_on_one_line(capsys):
    print_rows(("reason", "held"), [("x" * 300, ["one", "two"])], Format.TABLE)
    assert capsys.readouterr().out.splitlines()[1:] == [f"reason  {'x' * 300}", "held    one", "        two"]


def test_a_column_takes_exactly_the_width_that_is_there(capsys):
    print_rows(("a", "b"), [("额" * 18, "x" * 37)], Format.TABLE)
    assert "│ " + "额" * 18 + " │" in capsys.readouterr().out
    print_rows(("a", "b"), [("额" * 18, "x" * 38)], Format.TABLE)
    assert capsys.readouterr().out.splitlines()[1] == "a  " + "额" * 18


def test_a_list_stands_one_entry_a_line(capsys):
    print_rows(("night", "held"), [("2026-09-01", ["B/a is held", "B/b is held"])], Format.TABLE)
    lines = [line.split("│")[2].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert lines == ["B/a is held", "B/b is held"]


def test_no_rows_are_said(capsys):
    print_rows(("a", "b"), [], Format.TABLE, title="Misfits")
    assert capsys.readouterr().out == "Misfits\nno rows\n"


@pytest.mark.parametrize("width", ["80", "200"])
def test_what_is_hidden_is_shown_and_no_markup_is_read(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    print_rows((HOSTILE, "b"), [(HOSTILE, 1)], Format.TABLE, title=HOSTILE)
    print_text(f"first\n{HOSTILE.replace(chr(10), '')}")
    tell(HOSTILE)
    complain(HOSTILE.replace("\n", " "))
    printed = capsys.readouterr()
    assert printed.out.count(SHOWN) == 3
    assert printed.out.endswith(f"first\n{SHOWN.replace(chr(92) + 'n', '', 1)}\n")
    assert SHOWN in printed.err
    for text in (printed.out, printed.err):
        assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_an_error_is_one_line(capsys):
    complain("a: first\n  second\r\n\nthird")
    assert capsys.readouterr().err == "creditline: a: first second third\n"


def test_json_holds_what_it_was_given_and_hides_nothing(capsys):
    print_json({"a": HOSTILE, "b": "额度"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"a": HOSTILE, "b": "额度"}
    assert "额度" in printed
    assert all(letter.isprintable() or letter == "\n" for letter in printed)


def test_json_loses_no_column():
    with pytest.raises(UsageError, match="column a: another has its name"):
        print_rows(("a", "a"), [(1, 2)], Format.JSON)


def commands(group, words=()):
    for name, command in getattr(group, "commands", {}).items():
        yield (*words, name)
        yield from commands(command, (*words, name))


@pytest.mark.parametrize("words", [(), *commands(typer.main.get_command(app))], ids=" ".join)
def test_every_command_tells_its_use(words):
    shown = CliRunner().invoke(app, [*words, "-h"])
    assert shown.exit_code == 0
    assert "Usage: " in shown.output


def run(*words: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "creditline", *words],
        capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip


def test_the_package_is_a_command_that_tells_its_version():
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())["project"]
    assert run("--version").stdout == f"creditline {project['version']}\n"


def test_a_shell_completes_commands(tmp_path):
    asked = {"_CREDITLINE_COMPLETE": "complete_bash", "COMP_WORDS": "creditline mode s", "COMP_CWORD": "2"}
    assert run(**asked).stdout.split() == ["show", "set"]
    # the shell is named, because a test has none above it
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    assert (
        "complete -o default -F _creditline_completion creditline" in run("--show-completion", "bash", **named).stdout
    )
    assert run("--install-completion", "bash", **named).returncode == 0
    assert "_creditline_completion" in (tmp_path / ".bash_completions" / "creditline.sh").read_text()
