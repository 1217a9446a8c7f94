"""Policy packs that differ from the bundled one in every parameter that the decision knows, written as real folders."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import yaml

from creditline.policy import Pack, PolicySet, load_pack, validate_pack
from creditline.policy.schema import PACK_FILES
from creditline.project import PROJECT_DIR

Row = dict[str, str]

TIERS = (
    ("mini", "mini", "3000.00", "100.00", ""),
    ("standard", "standard", "20000.00", "500.00", "15000"),
    ("plus", "plus", "60000.00", "500.00", "30000"),
)
# Level between two bands: there points given back do not raise the target one by one.
PLATEAU = tuple(
    (band, lower, upper, str(multiplier))
    for band, multiplier in (
        ("A", 12000),
        ("B", 11000),
        ("C", 10000),
        ("D", 7000),
        ("E", 4000),
        ("F", 4000),
        ("G", 4000),
    )
    for lower, upper in (("", "7000"), ("7000", ""))
)
CAPS = (
    ("ALL_LINES", "*", "*", "*", "LIMIT", "90000.00", "1990-01-01", "2026-03-20", "true"),
    ("ALL_LINES", "*", "*", "*", "LIMIT", "30000.00", "2026-03-20", "", "true"),
    ("ONLINE_CONSUMER", "*", "consumer", "internet", "LIMIT", "25000.00", "1990-01-01", "", "true"),
    ("MICRO_BALANCE", "MICRO01", "*", "*", "BALANCE", "8000.00", "2026-03-10", "", "true"),
    ("SWITCHED_OFF", "*", "*", "*", "LIMIT", "10.00", "1990-01-01", "", "false"),
    ("PAST", "*", "*", "*", "LIMIT", "10.00", "1990-01-01", "2026-01-01", "true"),
)
TRIGGERS = (
    ("H1", "1", "f01_dpd_now", ">=", "30", "floor", "", "1", "B1", "account_snapshot"),
    ("H1", "2", "f23_first_payment_default", ">=", "1", "floor", "", "1", "B5", "instalment"),
    ("H2", "1", "f01_dpd_now", ">=", "10", "block_draws", "", "1", "B1", "account_snapshot"),
    ("H4", "1", "f41_related_dpd_30d", ">=", "30", "share_of_reference", "3000", "1", "E2", "related_product"),
    ("H4", "2", "bureau_has_new_default", ">=", "1", "share_of_reference", "3000", "1", "E4", "bureau_score"),
    ("H5", "1", "f13_small_apps_7d", ">=", "4", "share_of_reference", "7000", "3", "A1", "loan_application"),
    ("H5", "1", "f15_app_burst_x90", ">", "0", "share_of_reference", "7000", "3", "A1", "loan_application"),
    ("H6", "1", "f24_bounced_payments_90d", ">", "2", "block_raise", "", "2", "B4", "instalment"),
    ("H7", "1", "f29_cash_share_30d_bp", ">=", "7000", "share_of_reference", "5555", "2", "D3", "cash_flow"),
)
CURES = (
    ("H1", "4", "0", "3"),
    ("H2", "2", "3", "0"),
    ("H4", "6", "0", "2"),
    ("H5", "3", "", "0"),
    ("H6", "2", "", "1"),
    ("H7", "1", "29", "0"),
)


def make_pack(folder: Path, name: str, *, settings: dict, rows: dict[str, list[tuple[str, ...]]]) -> Pack:
    """A pack like the bundled one with other settings (nested as in policy.yml) and other rows of some files."""
    shutil.copytree(PROJECT_DIR / "policies" / "default", folder)
    values = yaml.safe_load((folder / "policy.yml").read_text())
    for key, value in ({"name": name} | settings).items():
        values[key] = values[key] | value if isinstance(value, dict) else value
    (folder / "policy.yml").write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    for file, lines in rows.items():
        with (folder / f"{file}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([list(PACK_FILES[file]), *lines])
    pack = load_pack(folder)
    assert validate_pack(pack) == []
    return pack


def caps(lines: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """Rows of regulatory_cap.csv from the columns that matter here."""
    return [
        (*line[:6], line[6], line[7], line[6], "a rule", "S1", "G", "committee" if line[8] == "true" else "", line[8])
        for line in lines
    ]


def triggers(lines: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """Rows of trigger.csv with a description."""
    return [(*line, "a condition") for line in lines]


def freeze_rules(points: int, hours: int, extensions: int) -> list[tuple[str, ...]]:
    """Rows of freeze_rule.csv that freeze at so many points."""
    shared = (str(points), str(hours), str(extensions))
    return [
        ("f33_new_devices_7d", "2", "3", *shared),
        ("f34_regions_1d", "3", "3", *shared),
        ("f37_customers_per_device", "5", "4", *shared),
        ("f44_profile_changes_30d", "2", "2", *shared),
    ]


def notices(general: int, capped: int) -> list[tuple[str, ...]]:
    """Rows of notice_rule.csv: lead days of a cut, and those of a cut by a cap."""
    rest = ("15", "true", "app", "house rule", "1990-01-01", "")
    lead = {"DOWN": general, "UP": 0, "CLOSE": 0, "FREEZE": 0, "RESTORE": 0}
    return [
        *((action, "*", str(days), *rest) for action, days in lead.items()),
        ("DOWN", "G1", str(capped), *rest),
    ]


FILES = {
    "product_tier": list(TIERS),
    "regulatory_cap": caps(CAPS),
    "trigger": triggers(TRIGGERS),
    "cure_rule": list(CURES),
    "freeze_rule": freeze_rules(6, 30, 2),
}


def varied_packs(folder: Path) -> dict[str, Pack]:
    """alpha and its next version, beta with lead days and other units, gamma that challenges alpha."""
    quick = {"confirmation": {"ewma_alpha_pct": 40, "window_nights": 5, "needed_nights": 3}}
    raises = {"min_tenure_days": 100, "max_days_past_due_30d": 3, "max_income_age_days": 200}
    alpha = {**quick, "slots": {"cut_days": 3, "raise_days": 4}, "raises": raises | {"is_consent_required": True}}
    beta = {
        "floor_amount": 50,
        "rounding_amount": 100,
        "tolerance_bp": 500,
        "confirmation": {"ewma_alpha_pct": 70, "window_nights": 3, "needed_nights": 1},
        "slots": {"cut_days": 2, "raise_days": 2},
        "raises": {
            "min_tenure_days": 0,
            "max_days_past_due_30d": 9,
            "max_income_age_days": None,
            "is_consent_required": False,
            "nightly_budget_amount": 40000,
        },
        "reasons": {"max_reasons": 4, "min_reason_share_bp": 500},
        "drift": {"max_variation_bp": 2500, "min_customers": 25},
    }
    gamma = {
        **quick,
        "slots": {"cut_days": 2, "raise_days": 5},
        "raises": raises | {"is_consent_required": False, "nightly_budget_amount": 60000},
        "freezes": {"mass_share_bp": 300, "mass_min_customers": 3},
        "reasons": {"max_reasons": 3, "min_reason_share_bp": 2000},
    }
    window = [("*", "2026-03-12", "2026-03-14", "the house"), ("*", "2026-04-01", "2026-04-02", "the house again")]
    free = {"freezes": {"mass_share_bp": 9000, "mass_min_customers": 5}}
    return {
        "alpha": make_pack(
            folder / "alpha", "alpha", settings=alpha | free, rows=FILES | {"maintenance_window": window}
        ),
        "alpha_next": make_pack(
            folder / "alpha_next",
            "alpha",
            settings=alpha | free | {"tolerance_bp": 1000, "score_base": 735},
            rows=FILES,
        ),
        "beta": make_pack(
            folder / "beta",
            "beta",
            settings=beta | free,
            rows=FILES | {"notice_rule": notices(3, 1), "strategy_matrix": list(PLATEAU)},
        ),
        "gamma": make_pack(
            folder / "gamma", "gamma", settings=gamma, rows=FILES | {"freeze_rule": freeze_rules(4, 60, 0)}
        ),
    }


def route(*rows: tuple[str, str, str, str, str]) -> tuple[Row, ...]:
    """Rows of assignment.csv: entity, product, pack, role, share."""
    names = ("legal_entity_code", "product_code", "pack", "role", "share_bp")
    return tuple(
        dict(zip(names, row, strict=True)) | {"effective_from": "1990-01-01", "effective_to": ""} for row in rows
    )


ROUTES = route(
    ("*", "*", "beta", "champion", ""),
    ("BANK01", "*", "alpha", "champion", ""),
    ("BANK01", "*", "gamma", "challenger", "4000"),
    ("CFC01", "plus", "alpha", "champion", ""),
    # a challenger that is the champion itself: no challenger, and none in the way of a less specific one
    ("BANK01", "mini", "alpha", "challenger", "3000"),
    ("CFC01", "plus", "alpha", "challenger", "5000"),
    ("*", "mini", "alpha", "champion", ""),
)


def varied_policies(packs: dict[str, Pack], day: date) -> PolicySet:
    """The packs in force on a day: the challenger starts on 5 March 2026, the next version of alpha on the 25th."""
    alpha = packs["alpha"] if day < date(2026, 3, 25) else packs["alpha_next"]
    if day < date(2026, 3, 5):
        return PolicySet((alpha, packs["beta"]), tuple(row for row in ROUTES if row["role"] == "champion"))
    return PolicySet((alpha, packs["beta"], packs["gamma"]), ROUTES)
