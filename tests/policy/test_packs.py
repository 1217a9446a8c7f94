"""Policy packs: what holds of the bundled ones, and each rule seen broken."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from creditline.home import HomeSettings, create_home
from creditline.policy import PackRefused, archive, load_pack, packs_in_force, policy_relations, validate_pack
from creditline.policy.schema import PACK_FILES
from creditline.warehouse.inputs import InputRefused, lay

POLICIES = Path(__file__).resolve().parents[2] / "dbt_project" / "policies"
PACKS = sorted(path.parent for path in POLICIES.glob("*/policy.yml"))
DAY = date(2026, 9, 1)


@pytest.fixture
def pack(tmp_path):
    """A copy of the default pack that a test may spoil."""
    return Path(shutil.copytree(POLICIES / "default", tmp_path / "default"))


def edit(path: Path, change) -> None:
    """Rewrite one CSV of a pack: `change` gets the rows as dicts and may alter or return them."""
    with path.open(newline="") as stream:
        reader = csv.DictReader(stream)
        header, rows = reader.fieldnames, list(reader)
    rows = change(rows) or rows
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(rows)


def setter(index: int, **values):
    def change(rows):
        rows[index].update(values)

    return change


@pytest.mark.parametrize("directory", PACKS, ids=lambda path: path.name)
def test_a_bundled_pack_may_be_used(directory):
    assert validate_pack(load_pack(directory)) == []


def test_the_version_does_not_depend_on_order_or_line_ends(pack):
    version = load_pack(pack).policy_version
    for name in PACK_FILES:
        edit(pack / f"{name}.csv", lambda rows: rows[::-1])
        text = (pack / f"{name}.csv").read_text()
        (pack / f"{name}.csv").write_bytes(text.replace("\r\n", "\n").replace("\n", "\r\n").encode())
    assert load_pack(pack).policy_version == version


@pytest.mark.parametrize("name", [name for name in PACK_FILES if name != "maintenance_window"])
def test_the_version_depends_on_every_file(pack, name):
    version = load_pack(pack).policy_version
    column = list(PACK_FILES[name])[-1]
    edit(pack / f"{name}.csv", setter(0, **{column: "7"}))
    assert load_pack(pack).policy_version != version


def test_the_version_depends_on_the_settings(pack):
    version = load_pack(pack).policy_version
    settings = (pack / "policy.yml").read_text()
    (pack / "policy.yml").write_text(settings.replace("floor_amount: 10", "floor_amount: 20"))
    assert load_pack(pack).policy_version != version


def points_of(rows, feature):
    return [row for row in rows if row["feature"] == feature]


def drop(condition):
    return lambda rows: [row for row in rows if not condition(row)]


BROKEN = {
    "gap between bands": ("band", setter(0, lower_score="730"), "gap or overlap"),
    "bands do not reach the top": ("band", setter(0, upper_score="900"), "bands end at 900"),
    "safer band, higher default": ("band", setter(0, pd_bp="999"), "a safer band has a higher pd_bp"),
    "more for higher utilisation": ("strategy_matrix", setter(3, multiplier_bp="13000"), "more for higher utilisation"),
    "more than the safer band": ("strategy_matrix", setter(4, multiplier_bp="12500"), "more than the safer band"),
    "hole in the matrix": ("strategy_matrix", lambda rows: rows[:1] + rows[2:], "gap or an overlap"),
    "scorecard gap": ("scorecard", setter(2, lower="2"), "gap or an overlap"),
    "two MISSING rows": ("scorecard", lambda rows: [rows[0], *rows], "exactly one is_missing=true row, has 2"),
    "points against the sign": ("scorecard", setter(4, points="5"), "points rise with a value that means more risk"),
    "MISSING is best": ("scorecard", setter(0, points="90"), "MISSING earns more than the best bin"),
    "a tier twice": ("product_tier", lambda rows: [rows[0], *rows], "stands more than once"),
    "a cap without a source": ("regulatory_cap", setter(0, source=""), "has no source"),
    "enabled and unapproved": ("regulatory_cap", setter(0, approved_by=""), "nobody approved it"),
    "a cap in force twice": ("regulatory_cap", lambda rows: [rows[0], *rows], "is in force twice"),
    "unknown base": ("regulatory_cap", setter(0, base="WISH"), "LIMIT or BALANCE"),
    "threshold missing": ("regulatory_parameter", drop(lambda row: row["param"] == "dpd_loss"), "dpd_loss is missing"),
    "text missing": ("reason_text", drop(lambda row: row["reason_code"] == "B1"), "B1 lacks a text for the agent"),
    "unknown placeholder": ("reason_text", setter(0, zh="{mood}"), "no stored value fills {mood}"),
    "no general notice rule": ("notice_rule", drop(lambda row: row["action"] == "UP"), "UP has no rule"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_pack_is_found(pack, case):
    name, change, expected = BROKEN[case]
    edit(pack / f"{name}.csv", change)
    problems = validate_pack(load_pack(pack))
    assert any(expected in problem for problem in problems), problems


def test_a_missing_file_or_column_fails_closed(pack):
    header = (pack / "band.csv").read_text()
    (pack / "band.csv").write_text(header.replace("pd_bp", "pd"))
    with pytest.raises(PackRefused, match=r"band\.csv: the header must be"):
        load_pack(pack)
    (pack / "band.csv").unlink()
    with pytest.raises(PackRefused, match=r"band\.csv is missing"):
        load_pack(pack)


def test_a_value_of_the_wrong_type_is_named(pack, tmp_path):
    edit(pack / "notice_rule.csv", setter(0, due_days="soon"))
    shutil.copy(POLICIES / "assignment.csv", tmp_path)
    edit(tmp_path / "assignment.csv", lambda rows: [row for row in rows if row["pack"] == "default"])
    with duckdb.connect() as connection, pytest.raises(InputRefused, match=r"notice_rule\.csv: .*soon"):
        lay(connection, policy_relations(packs_in_force(tmp_path, DAY)))


def test_routing_is_dated(tmp_path):
    shutil.copytree(POLICIES / "default", tmp_path / "default")
    (tmp_path / "assignment.csv").write_text(
        "legal_entity_code,product_code,pack,effective_from,effective_to\nBANK01,*,default,2026-09-01,2026-09-02\n"
    )
    assert [
        len(packs_in_force(tmp_path, date(2026, month, day)).assignments) for month, day in ((8, 31), (9, 1), (9, 2))
    ] == [0, 1, 0]


def test_a_pack_is_kept_once_as_it_was(tmp_path):
    home = create_home(tmp_path / "home", HomeSettings(name="archive", is_demo=True))
    policies = packs_in_force(POLICIES, DAY)
    archived = archive(home, policies)
    kept = {path.name: sorted(file.name for file in path.iterdir()) for path in home.policy.iterdir()}
    archive(home, policies)
    assert set(kept) == {pack.policy_version for pack in policies.packs}
    assert all(set(files) == {"policy.yml", *(f"{name}.csv" for name in PACK_FILES)} for files in kept.values())
    for pack in archived.packs:
        assert pack.directory == home.policy / pack.policy_version
        assert load_pack(pack.directory).policy_version == pack.policy_version
