"""`policy diff` and the packs that a person can name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_packs import POLICIES, edit, setter

from creditline.errors import UsageError
from creditline.policy import CellChange, check_all, check_pack, diff_packs, find_pack, load_pack


@pytest.fixture
def spoilt(tmp_path):
    """A copy of the default pack that a test may spoil."""
    return Path(shutil.copytree(POLICIES / "default", tmp_path / "default"))


def changes(after: Path) -> list[CellChange]:
    return diff_packs(load_pack(POLICIES / "default"), load_pack(after))


def test_equal_packs_do_not_differ_whatever_their_order(spoilt):
    edit(spoilt / "band.csv", lambda rows: rows[::-1])
    assert changes(spoilt) == []


def test_a_changed_cell_is_told_by_file_row_and_column(spoilt):
    edit(spoilt / "strategy_matrix.csv", setter(4, multiplier_bp="10900"))
    assert changes(spoilt) == [CellChange("strategy_matrix.csv", "B/", "multiplier_bp", "11000", "10900")]


def test_a_changed_setting_is_told(spoilt):
    settings = (spoilt / "policy.yml").read_text()
    settings = settings.replace("nightly_budget_amount: null", "nightly_budget_amount: 5")
    (spoilt / "policy.yml").write_text(settings.replace("is_consent_required: true", "is_consent_required: false"))
    assert changes(spoilt) == [
        CellChange("policy.yml", "", "is_consent_required", "true", "false"),
        CellChange("policy.yml", "", "nightly_budget_amount", None, "5"),
    ]


def test_a_new_and_a_lost_row_show_every_cell(spoilt):
    edit(spoilt / "cure_rule.csv", lambda rows: [*rows[:-1], rows[-1] | {"trigger_code": "H9"}])
    values = {"clean_nights": "7", "max_days_past_due": "", "min_on_time_instalments": "0"}
    lost = [CellChange("cure_rule.csv", "H5", column, value, None) for column, value in values.items()]
    new = [CellChange("cure_rule.csv", "H9", column, None, value) for column, value in values.items()]
    assert changes(spoilt) == lost + new


def test_a_pack_is_found_by_name_folder_or_kept_version(tmp_path):
    version = "ab12" + "0" * 60
    shutil.copytree(POLICIES / "berka", tmp_path / version)
    assert find_pack("berka", POLICIES, tmp_path) == POLICIES / "berka"
    assert find_pack(str(POLICIES / "berka"), POLICIES, tmp_path) == POLICIES / "berka"
    assert find_pack("ab12", POLICIES, tmp_path) == tmp_path / version
    with pytest.raises(UsageError, match="pack cd34: no such pack; name one of berka, default, uci_taiwan"):
        find_pack("cd34", POLICIES, tmp_path)
    shutil.copytree(POLICIES / "berka", tmp_path / ("ab12" + "1" * 60))
    with pytest.raises(UsageError, match="2 kept versions start like this"):
        find_pack("ab12", POLICIES, tmp_path)


def test_a_check_says_what_is_missing_instead_of_stopping(tmp_path):
    shutil.copytree(POLICIES, tmp_path / "policies")
    assert set(map(tuple, check_all(tmp_path / "policies").values())) == {()}
    (tmp_path / "policies" / "berka" / "band.csv").unlink()
    (tmp_path / "policies" / "assignment.csv").unlink()
    found = check_all(tmp_path / "policies")
    assert "band.csv is missing" in found["berka"][0]
    assert "assignment.csv is missing" in found["assignment.csv"][0]
    assert check_pack(tmp_path / "policies" / "default") == []
