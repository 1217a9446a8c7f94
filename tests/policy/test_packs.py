"""Policy packs: what holds of the bundled ones, and each rule seen broken."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from creditline.home import HomeSettings, create_home
from creditline.policy import (
    PackRefused,
    archive,
    load_pack,
    packs_in_force,
    read_assignments,
    validate_assignments,
    validate_pack,
)
from creditline.policy.schema import PACK_FILES

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


def drop(condition):
    return lambda rows: [row for row in rows if not condition(row)]


def where(values, **changes):
    """Change the rows that have all of `values`."""

    def change(rows):
        for row in rows:
            if all(row[column] == value for column, value in values.items()):
                row.update(changes)

    return change


def adding(**values):
    """One more row: the last one with other values."""
    return lambda rows: [*rows, (rows[-1] if rows else {}) | values]


WINDOW = {"source_name": "*", "from_date": "2026-09-01", "to_date": "2026-09-03", "description": "move"}
TEXT = {"reason_code": "F1", "audience": "customer"}
BROKEN = {
    "gap between bands": ("band", setter(0, lower_score="730"), "gap or overlap"),
    "bands do not reach the top": ("band", setter(0, upper_score="900"), "bands end at 900"),
    "safer band, higher default": ("band", setter(0, pd_bp="999"), "a safer band has a higher pd_bp"),
    "a cut of more than everything": ("band", setter(6, cut_step_bp="10001"), "cut_step_bp must be 0 to 10000, is 10001"),
    "safer band, larger cut": ("band", setter(0, cut_step_bp="3001"), "a safer band is cut faster"),
    "a band twice": ("band", lambda rows: [rows[0], *rows], "band.csv: A stands more than once"),
    "more for higher utilisation": ("strategy_matrix", setter(3, multiplier_bp="13000"), "more for higher utilisation"),
    "more than the safer band": ("strategy_matrix", setter(4, multiplier_bp="12500"), "more than the safer band"),
    "less than nothing": ("strategy_matrix", setter(-1, multiplier_bp="-1"), "multiplier_bp must be at least 0, is -1"),
    "a band that is none": ("strategy_matrix", adding(band="Z"), "band Z is not in band.csv"),
    "hole in the matrix": ("strategy_matrix", lambda rows: rows[:1] + rows[2:], "gap or an overlap"),
    "other bins in a band": ("strategy_matrix", drop(lambda row: row["band"] == "B"), "band B has other utilisation bins"),
    "scorecard gap": ("scorecard", setter(2, lower="2"), "gap or an overlap"),
    "two MISSING rows": ("scorecard", lambda rows: [rows[0], *rows], "exactly one is_missing=true row, has 2"),
    "points against the sign": ("scorecard", setter(4, points="5"), "points rise with a value that means more risk"),
    "points against the other sign": (
        "scorecard",
        where({"feature": "f11_tenure_days", "lower": "1095"}, points="-20"),
        "points fall with a value that means less risk",
    ),
    "bins that end": ("scorecard", setter(5, upper="400"), "does not cover everything"),
    "MISSING is best": ("scorecard", setter(0, points="90"), "MISSING earns more than the best bin"),
    "more bins than are laid out": (
        "scorecard",
        lambda rows: [
            rows[0],
            *(rows[1] | {"lower": str(edge) if edge else "", "upper": str(edge + 1), "points": "0"} for edge in range(8)),
            rows[1] | {"lower": "8", "upper": "", "points": "0"},
            *(row for row in rows[1:] if row["feature"] != "f01_dpd_now"),
        ],
        "f01_dpd_now has 9 bins beside MISSING; at most 8",
    ),
    "an unknown feature": ("scorecard", where({"feature": "f01_dpd_now"}, feature="f99_mood"), "f99_mood is not a feature"),
    "a security feature scored": (
        "scorecard", where({"feature": "f01_dpd_now"}, feature="f34_regions_1d"), "only credit features are scored",
    ),
    "another sign": ("scorecard", where({"feature": "f11_tenure_days"}, sign="1"), "seeds/feature.csv has -1"),
    "a feature of two reasons": ("scorecard", setter(0, reason_code="B2"), "more than one sign or reason_code"),
    "an unknown trigger feature": ("trigger", setter(0, feature="f99_mood"), "f99_mood is not a feature"),
    "a trigger on security": (
        "trigger", setter(0, feature="f34_regions_1d", source_name="session"), "only credit evidence may trigger",
    ),
    "an unknown operator": ("trigger", setter(0, operator="<"), "operator must be >= or >, is '<'"),
    "an unknown effect": ("trigger", setter(2, effect="scold"), "effect must be one of floor"),
    "a share without a number": ("trigger", setter(3, effect_bp=""), "effect_bp belongs to share_of_reference"),
    "a floor with a number": ("trigger", setter(2, effect_bp="1"), "effect_bp belongs to share_of_reference"),
    "a share above all": ("trigger", setter(3, effect_bp="10001"), "effect_bp must be 0 to 10000"),
    "held on no night": ("trigger", setter(2, hold_nights="0"), "hold_nights must be at least 1"),
    "two effects of a code": ("trigger", setter(0, effect="block_draws"), "H1 has more than one effect"),
    "two shares of a code": ("trigger", setter(3, effect_bp="2000"), "H4 has more than one effect_bp"),
    "two holds of a code": ("trigger", setter(0, hold_nights="2"), "H1 has more than one hold_nights"),
    "a trigger that spares the riskier": (
        "trigger", setter(0, feature="f38_bureau_score", source_name="bureau_score"), "promise 1",
    ),
    "another source": ("trigger", setter(0, source_name="session"), "its source is account_snapshot, not session"),
    "a trigger without a text": ("trigger", setter(0, reason_code="Q1"), "Q1 lacks a text for the agent"),
    "a trigger without a cure": ("cure_rule", lambda rows: rows[1:], "trigger H1 needs exactly one row, has 0"),
    "two cures": ("cure_rule", lambda rows: [rows[0], *rows], "trigger H1 needs exactly one row, has 2"),
    "a cure for nothing": ("cure_rule", adding(trigger_code="H9"), "H9 is not a trigger of trigger.csv"),
    "cured at once": ("cure_rule", setter(0, clean_nights="0"), "clean_nights must be at least 1"),
    "cured below nothing": ("cure_rule", setter(0, max_days_past_due="-1"), "max_days_past_due must be at least 0"),
    "a threshold twice, spelt otherwise": (
        "freeze_rule", lambda rows: [*rows, rows[0] | {"threshold": f"0{rows[0]['threshold']}"}], "stands more than once",
    ),
    "an open bin in the middle": ("scorecard", setter(2, upper=""), "gap or an overlap"),
    "a freeze on credit": ("freeze_rule", setter(0, feature="f01_dpd_now"), "f01_dpd_now is not a security feature"),
    "a freeze rule without points": ("freeze_rule", setter(0, points="0"), "points must be at least 1"),
    "two freezing points": ("freeze_rule", setter(0, freeze_at_points="7"), "freeze_at_points must be the same"),
    "two times of a freeze": ("freeze_rule", setter(0, ttl_hours="25"), "ttl_hours must be the same"),
    "two extensions of a freeze": ("freeze_rule", setter(0, max_extensions="4"), "max_extensions must be the same"),
    "maintenance of nothing": ("maintenance_window", adding(**WINDOW | {"source_name": "moon"}), "no such source"),
    "maintenance that ends first": (
        "maintenance_window", adding(**WINDOW | {"to_date": "2026-09-01"}), "to_date 2026-09-01 is not after",
    ),
    "an unknown calendar kind": ("calendar", adding(kind="moon"), "kind must be one of expected_nights, holiday, deadline"),
    "an unknown rhythm": ("calendar", setter(0, value="hourly"), "value must be one of daily"),
    "no expected nights": ("calendar", where({}, kind="holiday", effective_to="2099-01-01"), "no row says which nights"),
    "two rhythms at once": ("calendar", adding(value="month_end"), "expected_nights is in force twice"),
    "a holiday without an end": ("calendar", adding(kind="holiday", value="Monday"), "a holiday has an end"),
    "a deadline that is no time": (
        "calendar", adding(kind="deadline", value="24:00", source_name="session"), "a deadline is a local time",
    ),
    "a deadline of no source": ("calendar", adding(kind="deadline", value="23:00", source_name="moon"), "is not a source of the landing contract"),
    "a holiday of a source": (
        "calendar", adding(kind="holiday", value="National Day", source_name="session"), "source_name must be *",
    ),
    "a tier twice": ("product_tier", lambda rows: [rows[0], *rows], "stands more than once"),
    "a draw above the limit": ("product_tier", setter(0, min_draw_amount="3000.01"), "nobody could borrow"),
    "a multiple of nothing": ("product_tier", setter(1, income_multiple_bp="0"), "income_multiple_bp must be at least 1"),
    "a cap without a source": ("regulatory_cap", setter(0, source=""), "source is empty, a value is needed"),
    "enabled and unapproved": ("regulatory_cap", setter(0, approved_by=""), "nobody approved it"),
    "enabled and approved by a blank": ("regulatory_cap", setter(0, approved_by=" "), "nobody approved it"),
    "enabled behind a blank": ("regulatory_cap", setter(0, is_enabled=" true", approved_by=""), "nobody approved it"),
    "a cap in force twice": (
        "regulatory_cap", lambda rows: [rows[0] | {"effective_from": "2026-01-01"}, *rows], "is in force twice",
    ),
    "a cap that ends first": ("regulatory_cap", setter(0, effective_to="2020-07-12"), "is not after effective_from"),
    "unknown base": ("regulatory_cap", setter(0, base="WISH"), "LIMIT or BALANCE"),
    "threshold missing": ("regulatory_parameter", drop(lambda row: row["param"] == "dpd_loss"), "dpd_loss is missing"),
    "a clock missing": (
        "regulatory_parameter", drop(lambda row: row["param"] == "appeal_answer_days"), "appeal_answer_days is missing",
    ),
    "a clock of no days": ("regulatory_parameter", setter(-1, value="soon"), "must be a number of days"),
    "a parameter in force twice": (
        "regulatory_parameter", lambda rows: [rows[0] | {"effective_from": "2026-01-01"}, *rows], "in force twice",
    ),
    "text missing": ("reason_text", drop(lambda row: row["reason_code"] == "B1"), "B1 lacks a text for the agent"),
    "text of an operator missing": ("reason_text", drop(lambda row: row["reason_code"] == "K1"), "K1 lacks a text"),
    "text for one only": ("reason_text", drop(lambda row: row["audience"] == "agent"), "U1 lacks a text for the agent"),
    "one language missing": ("reason_text", setter(0, en=""), "reason_text.csv line 2: en is empty"),
    "an unknown audience": ("reason_text", setter(0, audience="press"), "audience must be one of customer"),
    "two causes of a code": ("reason_text", setter(0, cause="mood"), "A1 has more than one cause"),
    "unknown placeholder": ("reason_text", setter(0, zh="{mood}"), "no stored value fills {mood}"),
    "a percentage of days": ("reason_text", where({"reason_code": "B1"}, zh="{p}"), "{p} is a percentage"),
    "a number of two units": (
        "scorecard", where({"feature": "f06_util_bp"}, reason_code="C5"), "its features are in bp and count",
    ),
    "a goal that an operator has not": ("reason_text", where({"reason_code": "T1"}, zh="{k}"), "{k} is a value to get back to"),
    "a rule where there is none": ("reason_text", setter(0, zh="{rule}"), "{rule} is known for G1 only"),
    "a threshold told to a thief": ("reason_text", where(TEXT, zh="5次失败登录"), "tells a customer no threshold"),
    "no general notice rule": ("notice_rule", drop(lambda row: row["action"] == "UP"), "UP has no rule"),
    "no rule for a freeze": ("notice_rule", drop(lambda row: row["action"] == "FREEZE"), "FREEZE has no rule"),
    "no rule for a restore": ("notice_rule", drop(lambda row: row["action"] == "RESTORE"), "RESTORE has no rule"),
    "a notice of nothing": ("notice_rule", adding(action="WINK"), "action must be one of UP"),
    "a notice for no reason": ("notice_rule", adding(reason_code="Q1"), "no such reason in reason_text.csv"),
    "a notice twice": ("notice_rule", adding(effective_from="2026-01-01"), "is in force twice"),
    "a freeze that waits": ("notice_rule", where({"action": "FREEZE"}, lead_days="1"), "lead_days must be 0"),
    "a negative lead": ("notice_rule", setter(0, lead_days="-1"), "lead_days must be at least 0"),
    "a number that is none": ("band", setter(0, pd_bp="5.0"), "band.csv line 2: pd_bp must be a whole number, is '5.0'"),
    "a date that is none": ("notice_rule", setter(0, effective_from="1.1.2026"), "must be a date like 2026-09-30"),
    "an amount that is none": ("product_tier", setter(0, min_draw_amount="1e2"), "must be an amount in major units"),
    "neither true nor false": ("notice_rule", setter(0, is_required="yes"), "must be true or false"),
    "an empty cell": ("trigger", setter(0, threshold=""), "trigger.csv line 2: threshold is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_pack_is_found(pack, case):
    name, change, expected = BROKEN[case]
    edit(pack / f"{name}.csv", change)
    problems = validate_pack(load_pack(pack))
    assert any(expected in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("needed_nights: 7", "needed_nights: 11", "more needed_nights than window_nights"),
        ("score_max: 900", "score_max: 300", "score_min must be below score_max"),
    ],
)
def test_settings_must_fit_each_other(pack, before, after, expected):
    settings = (pack / "policy.yml").read_text()
    assert before in settings
    (pack / "policy.yml").write_text(settings.replace(before, after))
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
    with pytest.raises(PackRefused, match=r"notice_rule\.csv line 2: due_days .*soon"):
        packs_in_force(tmp_path, DAY)


def test_routing_is_dated(tmp_path):
    shutil.copytree(POLICIES / "default", tmp_path / "default")
    (tmp_path / "assignment.csv").write_text(
        "legal_entity_code,product_code,pack,role,share_bp,effective_from,effective_to\n"
        "BANK01,*,default,champion,,2026-09-01,2026-09-02\n"
    )
    assert [
        len(packs_in_force(tmp_path, date(2026, month, day)).assignments) for month, day in ((8, 31), (9, 1), (9, 2))
    ] == [0, 1, 0]


def assignment(entity, role, share, start, end="", product="*", pack="default"):
    return {
        "legal_entity_code": entity, "product_code": product, "pack": pack, "role": role, "share_bp": share,
        "effective_from": start, "effective_to": end,
    }  # fmt: skip


CHAMPION = assignment("BANK01", "champion", "", "2026-01-01")
ROUTING = {
    "unknown role": ([assignment("BANK01", "spectator", "", "2026-01-01")], "role must be champion or challenger"),
    "a champion with a share": ([CHAMPION | {"share_bp": "100"}], "share_bp belongs to a challenger"),
    "a challenger without a share": (
        [CHAMPION, assignment("BANK01", "challenger", "", "2026-02-01", pack="new")], "share_bp belongs to a challenger",
    ),
    "more than all": (
        [CHAMPION, assignment("BANK01", "challenger", "10001", "2026-02-01", pack="new")], "share_bp must be 0 to 10000",
    ),
    "a share in words": (
        [CHAMPION, assignment("BANK01", "challenger", "half", "2026-02-01", pack="new")], "must be a whole number",
    ),
    "two champions at once": (
        [CHAMPION, assignment("BANK01", "champion", "", "2026-03-01", pack="new")], "in force twice from 2026-03-01",
    ),
    "nobody to challenge": (
        [CHAMPION, assignment("CFC01", "challenger", "100", "2026-02-01", pack="new")],
        "no champion covers it from 2026-02-01",
    ),
    "challenged before it is there": (
        [CHAMPION, assignment("BANK01", "challenger", "100", "2025-12-31", pack="new")],
        "no champion covers it from 2025-12-31",
    ),
    "challenged after it is gone": (
        [CHAMPION | {"effective_to": "2026-06-01"}, assignment("BANK01", "challenger", "100", "2026-02-01", pack="new")],
        "no champion covers it from 2026-06-01",
    ),
    "wider than its champion": (
        [CHAMPION, assignment("*", "challenger", "100", "2026-02-01", pack="new")], "no champion covers it",
    ),
    "its own challenger": (
        [CHAMPION, assignment("BANK01", "challenger", "100", "2026-02-01")], "challenges its own pack",
    ),
    "over before it starts": ([CHAMPION | {"effective_to": "2026-01-01"}], "is not after effective_from"),
    "since never": ([CHAMPION | {"effective_from": ""}], "effective_from is empty, a value is needed"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROUTING)
def test_broken_routing_is_found(case):
    rows, expected = ROUTING[case]
    problems = validate_assignments(rows)
    assert any(expected in problem for problem in problems), problems


def test_routing_that_holds_is_left_alone():
    assert validate_assignments(read_assignments(POLICIES)) == []
    relay = [
        CHAMPION | {"effective_to": "2026-06-01"},
        assignment("*", "champion", "", "2026-06-01", pack="other"),
        assignment("BANK01", "challenger", "0", "2026-02-01", product="card", pack="new"),
        assignment("BANK01", "challenger", "10000", "2026-02-01", "2026-03-01", pack="new"),
    ]
    assert validate_assignments(relay) == []


def test_a_night_refuses_broken_routing(tmp_path):
    shutil.copytree(POLICIES, tmp_path / "policies")
    edit(tmp_path / "policies" / "assignment.csv", adding(role="spectator"))
    with pytest.raises(PackRefused, match="role must be champion or challenger"):
        packs_in_force(tmp_path / "policies", DAY)


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
