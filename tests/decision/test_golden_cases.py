"""Golden cases: on either side of every threshold of the bundled packs, the answer written down by hand from decision.md.

The thresholds are read from the packs, the answers stand here and in the two tables beside this file: a threshold that
is new or has moved lacks its answer, and its test fails until somebody has worked it out.
"""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from golden_book import DAY, Case, bundled, decide, minor

from creditline.policy import Pack, load_pack
from creditline.project import POLICIES_DIR

HERE = Path(__file__).resolve().parent
PACKS = ("default", "uci_taiwan", "berka")
RISKY = {"f13_small_apps_7d": 5, "f15_app_burst_x90": 1, "f17_distinct_lenders_30d": 3}


def pack_named(name: str) -> Pack:
    return next(pack for pack in bundled(DAY).packs if pack.settings.name == name)


def rows_of(pack: str, file: str) -> list[dict[str, str]]:
    return list(pack_named(pack).tables[file])


def golden_rows(file: str) -> list[dict[str, str]]:
    with (HERE / file).open(newline="") as stream:
        return list(csv.DictReader(stream))


def check(cases: list[Case], day: date = DAY) -> None:
    """Decide all cases in one night and name every answer that differs."""
    decided = decide(cases, day)
    wrong = [
        f"{case}: {name} is {row[name]}"
        for case, row in zip(cases, decided, strict=True)
        for name, value in case.expected.items()
        if row[name] != value
    ]
    assert not wrong, f"{len(wrong)} differ, first: " + "\n".join(wrong[:5])


# ---- score: every edge of every scored feature


def test_every_edge_of_the_scorecards_has_its_answer():
    edges = {
        (pack, row["feature"], row["lower"]) for pack in PACKS for row in rows_of(pack, "scorecard") if row["lower"]
    }
    assert {(row["pack"], row["feature"], row["edge"]) for row in golden_rows("golden_scores.csv")} == edges


def test_the_score_changes_at_its_edges_and_nowhere_before():
    """All other features are MISSING and earn nothing."""
    check(
        [
            Case(row["pack"], {"score": int(row[f"score_{side}"])}, features={row["feature"]: int(row["edge"]) - below})
            for row in golden_rows("golden_scores.csv")
            for side, below in (("below", 1), ("at", 0))
        ]
    )


# ---- bands: 599 is E, 600 is D

BANDS = {720: ("B", "A"), 680: ("C", "B"), 640: ("D", "C"), 600: ("E", "D"), 560: ("F", "E"), 520: ("G", "F")}


@cache
def features_of_score(pack: str) -> dict[int, dict[str, int]]:
    """Features that add up to each score that a pack can give, as few as were found, the rest MISSING."""
    bins = defaultdict(list)
    for row in rows_of(pack, "scorecard"):
        if row["is_missing"] == "false":
            value = int(row["lower"]) if row["lower"] else int(row["upper"]) - 1
            bins[row["feature"]].append((value, int(row["points"])))
    found: dict[int, dict[str, int]] = {pack_named(pack).settings.score_base: {}}
    for feature, options in bins.items():
        for score, features in list(found.items()):
            for value, points in options:
                found.setdefault(score + points, features | {feature: value})
    return found


def test_the_band_changes_at_its_edge():
    for pack in PACKS:
        lowest = pack_named(pack).settings.score_min
        assert {int(row["lower_score"]) for row in rows_of(pack, "band")} - {lowest} == set(BANDS)
    cases = [
        Case(pack, {"score": score, "band": band}, features=features_of_score(pack)[score])
        for pack in PACKS
        for edge, (below, at) in BANDS.items()
        for score, band in ((edge - 1, below), (edge, at))
    ]
    check(cases)


# ---- strategy: the multiplier at every corner of the matrix, and a thousandth of a point below


def test_every_corner_of_the_matrix_has_its_answer():
    corners = set()
    for pack in PACKS:
        bands = [int(row["lower_score"]) * 1000 for row in rows_of(pack, "band")]
        scores = {score - below for score in bands for below in (0, 1)} - {min(bands) - 1}
        edges = {row["lower_utilisation_bp"] for row in rows_of(pack, "strategy_matrix")} - {""}
        uses = {0} | {int(edge) - below for edge in edges for below in (0, 1)}
        corners |= {(pack, score, use) for score in scores for use in uses}
    golden = golden_rows("golden_multipliers.csv")
    assert {(row["pack"], int(row["confirmed_milli"]), int(row["utilisation_bp"])) for row in golden} == corners


def test_the_target_changes_at_the_corners_of_the_matrix():
    """On a reference limit of 10,000.00 a basis point is one yuan."""
    check(
        [
            Case(
                row["pack"],
                {"target_minor": int(row["multiplier_bp"]) * 100},
                features={"f06_util_bp": int(row["utilisation_bp"])},
                confirmed=int(row["confirmed_milli"]),
            )
            for row in golden_rows("golden_multipliers.csv")
        ]
    )


# ---- triggers: limit and what can be drawn of 10,000.00, one below the threshold's first value and at it

TRIGGERS = {
    ("H1", "1", "f01_dpd_now", ">=", "30"): (("10000.00", "0.00"), ("10.00", "0.00")),  # 29 days block draws already
    ("H1", "2", "f23_first_payment_default", ">=", "1"): (("10000.00", "10000.00"), ("10.00", "0.00")),
    ("H2", "1", "f01_dpd_now", ">=", "10"): (("10000.00", "10000.00"), ("10000.00", "0.00")),
    ("H4", "1", "f41_related_dpd_30d", ">=", "30"): (("10000.00", "10000.00"), ("3000.00", "3000.00")),
    ("H4", "2", "bureau_has_new_default", ">=", "1"): (("10000.00", "10000.00"), ("3000.00", "3000.00")),
    ("H5", "1", "f13_small_apps_7d", ">=", "5"): (("10000.00", "10000.00"), ("7000.00", "7000.00")),
    ("H5", "1", "f15_app_burst_x90", ">", "0"): (("10000.00", "10000.00"), ("7000.00", "7000.00")),
    ("H5", "1", "f17_distinct_lenders_30d", ">=", "3"): (("10000.00", "10000.00"), ("7000.00", "7000.00")),
}


def test_triggers_fire_at_their_threshold():
    columns = ("trigger_code", "condition_group", "feature", "operator", "threshold")
    for pack in PACKS:
        assert {tuple(row[column] for column in columns) for row in rows_of(pack, "trigger")} == set(TRIGGERS)
    check([case for pack in PACKS for key, answers in TRIGGERS.items() for case in trigger_cases(pack, key, answers)])


def trigger_cases(pack: str, key: tuple[str, ...], answers: tuple[tuple[str, str], ...]) -> list[Case]:
    code, _, feature, operator, threshold = key
    first = int(threshold) + (operator == ">")
    return [
        Case(
            pack,
            {"recommended_minor": minor(limit), "drawable_minor": minor(drawable)},
            features=(RISKY if code == "H5" else {}) | {feature: value},
            hits_before={code: 2} if code == "H5" else {},
        )
        for value, (limit, drawable) in zip((first - 1, first), answers, strict=True)
    ]


@pytest.mark.parametrize(("nights_before", "limit"), [(1, "10000.00"), (2, "7000.00")])
def test_a_trigger_that_needs_three_nights_acts_on_the_third(nights_before, limit):
    assert {row["hold_nights"] for pack in PACKS for row in rows_of(pack, "trigger")} == {"1", "3"}
    check([Case(pack, {"recommended_minor": minor(limit)}, RISKY, hits_before={"H5": nights_before}) for pack in PACKS])


# ---- caps, to the cent, and from their first day

CAPS = {
    "CN_BANK_ONLINE_200K": ("200000.00", "BANK01", "consumer", date(2020, 7, 12)),
    "CN_CFC_200K": ("200000.00", "CFC01", "consumer", date(2024, 4, 18)),
    "CN_MICRO_CONSUMER_200K": ("200000.00", "MICRO01", "consumer", date(2025, 1, 17)),
    "CN_MICRO_BUSINESS_10M": ("10000000.00", "MICRO01", "business", date(2025, 1, 17)),
}
CAP_ANSWERS = {  # limit: what is left of it
    "200000.00": {"199999.99": "199999.99", "200000.00": "200000.00", "200000.01": "200000.00"},
    "10000000.00": {"9999999.99": "9999999.99", "10000000.00": "10000000.00", "10000000.01": "10000000.00"},
}


def capped(rule: str, limit: str, left: str, state: str | None = None) -> Case:
    _, entity, purpose, _ = CAPS[rule]
    expected = {"recommended_minor": minor(left)} | ({"display_state": state} if state else {})
    return Case("default", expected, limit=limit, account={"legal_entity_code": entity, "purpose_code": purpose})


def test_caps_bind_to_the_cent():
    in_force = {
        row["rule_id"]: (row["cap_amount"], row["legal_entity_code"], row["purpose_code"], row["effective_from"])
        for pack in PACKS
        for row in rows_of(pack, "regulatory_cap")
        if row["is_enabled"] == "true"
    }
    assert in_force == {rule: (*answer[:3], str(answer[3])) for rule, answer in CAPS.items()}
    check(
        [
            capped(rule, limit, left, "NORMAL" if limit == left else "REG_CAPPED")
            for rule, (cap, *_) in CAPS.items()
            for limit, left in CAP_ANSWERS[cap].items()
        ]
    )


@pytest.mark.parametrize("start", sorted({answer[3] for answer in CAPS.values()}))
def test_a_cap_binds_from_its_first_day_and_not_the_day_before(start):
    rules = [rule for rule, answer in CAPS.items() if answer[3] == start]
    over = {rule: str(Decimal(CAPS[rule][0]) + 50000) for rule in rules}
    check([capped(rule, over[rule], over[rule]) for rule in rules], start - timedelta(days=1))
    check([capped(rule, over[rule], CAPS[rule][0]) for rule in rules], start)


@pytest.mark.parametrize(("ends", "left"), [(DAY, "250000.00"), (DAY + timedelta(days=1), "200000.00")])
def test_a_cap_is_gone_on_the_day_on_which_it_ends(tmp_path, ends, left):
    """`effective_to` is excluded."""
    folder = Path(shutil.copytree(POLICIES_DIR / "default", tmp_path / "default"))
    caps = (folder / "regulatory_cap.csv").read_text()
    (folder / "regulatory_cap.csv").write_text(caps.replace("2020-07-12,,2020-07-12", f"2020-07-12,{ends},2020-07-12"))
    ended, policies = load_pack(folder), bundled(DAY)
    assert ended.policy_version != pack_named("default").policy_version
    packs = tuple(ended if pack.settings.name == "default" else pack for pack in policies.packs)
    (decided,) = decide([capped("CN_BANK_ONLINE_200K", "250000.00", left)], DAY, replace(policies, packs=packs))
    assert decided["recommended_minor"] == minor(left)


# ---- risk classes: more than 90 days, from the first day of the rule

CLASSES = {
    0: "normal", 1: "watch", 90: "watch", 91: "substandard", 270: "substandard", 271: "doubtful", 360: "doubtful",
    361: "loss",
}  # fmt: skip


def test_risk_classes_change_at_their_days():
    for pack in PACKS:
        thresholds = {
            int(row["value"])
            for row in rows_of(pack, "regulatory_parameter")
            if row["param"].startswith("dpd_") and row["is_enabled"] == "true"
        }
        assert {day for edge in thresholds for day in (edge, edge + 1)} == set(CLASSES)
    check(
        [
            Case(pack, {"risk_class": name}, account={"days_past_due": days})
            for pack in PACKS
            for days, name in CLASSES.items()
        ]
    )


@pytest.mark.parametrize(("day", "name"), [(date(2023, 6, 30), "normal"), (date(2023, 7, 1), "loss")])
def test_risk_classes_hold_from_the_first_day_of_their_rule(day, name):
    starts = {
        row["effective_from"] for row in rows_of("default", "regulatory_parameter") if row["param"].startswith("dpd_")
    }
    assert starts == {"2023-07-01"}
    check([Case("default", {"risk_class": name}, account={"days_past_due": 361})], day)


# ---- product tiers and income, to the cent; the smallest draw

TIERS = {
    ("default", "jiebei_mini"): ("3000.00", {"2999.99": "2999.99", "3000.00": "3000.00", "3000.01": "3000.00"}),
    ("default", "jiebei_standard"): ("50000.00", {"49999.99": "49999.99", "50000.00": "50000.00", "50000.01": "50000.00"}),
    ("default", "jiebei_plus"): ("300000.00", {"299999.99": "299999.99", "300000.00": "300000.00", "300000.01": "300000.00"}),
    ("uci_taiwan", "credit_card"): (
        "1000000.00", {"999999.99": "999999.99", "1000000.00": "1000000.00", "1000000.01": "1000000.00"},
    ),
    ("berka", "current_account"): ("0.00", {"0.00": "0.00", "0.01": "0.01", "10.00": "10.00", "10.01": "10.00"}),
}  # fmt: skip
# Monthly income of 1,000.00 carries so much.
INCOMES = {
    ("default", "jiebei_standard"): ("120000", {"11999.99": "11999.99", "12000.00": "12000.00", "12000.01": "12000.00"}),
    ("default", "jiebei_plus"): ("240000", {"23999.99": "23999.99", "24000.00": "24000.00", "24000.01": "24000.00"}),
}  # fmt: skip
SMALLEST_DRAWS = {
    ("default", "jiebei_mini"): ("100.00", {"99.99": False, "100.00": True}),
    ("default", "jiebei_standard"): ("500.00", {"499.99": False, "500.00": True}),
    ("default", "jiebei_plus"): ("500.00", {"499.99": False, "500.00": True}),
    ("uci_taiwan", "credit_card"): ("10.00", {"9.99": False, "10.00": True}),
    ("berka", "current_account"): ("0.00", {"0.00": False}),
}


def tier_values(column: str) -> dict[tuple[str, str], str]:
    return {
        (pack, row["product_code"]): row[column]
        for pack in PACKS
        for row in rows_of(pack, "product_tier")
        if row[column]
    }


def test_tiers_bind_to_the_cent():
    assert {key: answer[0] for key, answer in TIERS.items()} == tier_values("max_limit_amount")
    check(
        [
            Case(pack, {"recommended_minor": minor(left)}, limit=limit, account={"product_code": product})
            for (pack, product), (_, answers) in TIERS.items()
            for limit, left in answers.items()
        ]
    )


def test_income_binds_to_the_cent():
    assert {key: answer[0] for key, answer in INCOMES.items()} == tier_values("income_multiple_bp")
    income = {"income_monthly_minor": minor("1000.00")}
    check(
        [
            Case(pack, {"recommended_minor": minor(left)}, limit=limit, account=income | {"product_code": product})
            for (pack, product), (_, answers) in INCOMES.items()
            for limit, left in answers.items()
        ]
    )


def test_a_line_can_be_used_from_the_smallest_draw_on():
    assert {key: answer[0] for key, answer in SMALLEST_DRAWS.items()} == tier_values("min_draw_amount")
    cases = []
    for (pack, product), (_, answers) in SMALLEST_DRAWS.items():
        limit = "0.00" if pack == "berka" else "2000.00"
        for left, usable in answers.items():
            account = {"product_code": product, "principal_minor": minor(limit) - minor(left)}
            expected = {"is_usable": usable, "drawable_minor": minor(left)}
            cases.append(Case(pack, expected, limit=limit, account=account))
    check(cases)


# ---- what a raise asks for: back from 10,000.00 towards 20,000.00 by a quarter of it

ASKED = {
    ("default", "min_tenure_days"): (180, {179: "10000.00", 180: "15000.00"}),
    ("default", "max_days_past_due_30d"): (0, {0: "15000.00", 1: "10000.00"}),
    ("default", "max_income_age_days"): (180, {180: "15000.00", 181: "10000.00"}),
    ("uci_taiwan", "min_tenure_days"): (0, {0: "15000.00"}),
    ("uci_taiwan", "max_days_past_due_30d"): (0, {0: "15000.00", 1: "10000.00"}),
    # no product of this pack has a tier that lets a line grow
    ("berka", "min_tenure_days"): (0, {0: "10000.00"}),
    ("berka", "max_days_past_due_30d"): (0, {0: "10000.00", 1: "10000.00"}),
}
CONSENTS = {
    "default": {"opted_in": "15000.00", "opted_out": "10000.00", None: "10000.00"},
    "uci_taiwan": {"opted_in": "15000.00", "opted_out": "15000.00", None: "15000.00"},
    "berka": {"opted_in": "10000.00", "opted_out": "10000.00", None: "10000.00"},
}
ROOMY = {"default": "jiebei_plus", "uci_taiwan": "credit_card", "berka": "without_a_tier"}


def raised(pack: str, limit: str, *, past_due: int = 0, **account: object) -> Case:
    return Case(
        pack,
        {"recommended_minor": minor(limit)},
        {"f02_dpd_max_30d": past_due, "f06_util_bp": 0},
        reference="20000.00",
        confirmed=720_000,
        account={"product_code": ROOMY[pack]} | account,
    )


def test_what_no_tier_covers_is_not_raised():
    check([raised(pack, "10000.00", product_code="without_a_tier") for pack in PACKS])


def test_a_raise_is_given_from_the_day_on_which_it_may_be():
    values = {
        (pack, name): value
        for pack in PACKS
        for name, value in pack_named(pack).settings.raises.model_dump().items()
        if name.startswith(("min_", "max_")) and value is not None
    }
    assert {key: answer[0] for key, answer in ASKED.items()} == values
    cases = []
    for (pack, name), (_, answers) in ASKED.items():
        for days, limit in answers.items():
            when = DAY - timedelta(days=days)
            cases.append(
                raised(pack, limit, past_due=days)
                if name == "max_days_past_due_30d"
                else raised(pack, limit, **{"opened_date" if "tenure" in name else "income_as_of_date": when})
            )
    check(cases)


def test_a_raise_asks_for_consent_where_the_pack_does():
    check(
        [
            raised(pack, limit, raise_consent_code=code)
            for pack, answers in CONSENTS.items()
            for code, limit in answers.items()
        ]
    )


# ---- floor and rounding: set by hand from 10,000.00

ROUNDED = {
    "0.00": "10.00", "9.99": "10.00", "10.00": "10.00", "19.99": "10.00", "20.00": "20.00", "1009.99": "1000.00",
    "1010.00": "1010.00", "9999.99": "9990.00", "10000.00": "10000.00", "10009.99": "10000.00", "10010.00": "10010.00",
}  # fmt: skip


def test_limits_are_rounded_down_and_stop_at_the_floor():
    for pack in PACKS:
        assert pack_named(pack).settings.floor_amount == pack_named(pack).settings.rounding_amount == 10
    check(
        [
            Case(pack, {"recommended_minor": minor(left)}, override=amount)
            for pack in PACKS
            for amount, left in ROUNDED.items()
        ]
    )


# ---- security freezes: six points freeze, one threshold at a time

FREEZES = {  # feature and threshold: its points, and what else is suspicious, so that it decides
    ("f33_new_devices_7d", 2): (3, {"f34_regions_1d": 3}),
    ("f34_regions_1d", 3): (3, {"f33_new_devices_7d": 2}),
    ("f35_failed_logins_1d", 5): (2, {"f37_customers_per_device": 5}),
    ("f36_proxy_share_7d_bp", 5000): (2, {"f37_customers_per_device": 5}),
    ("f37_customers_per_device", 5): (4, {"f44_profile_changes_30d": 2}),
    ("f44_profile_changes_30d", 2): (2, {"f37_customers_per_device": 5}),
}


@pytest.mark.parametrize("half", [0, 1])
def test_a_freeze_is_set_at_its_threshold(half):
    """Three freezes a night and pack, so that the guard against mass freezes stays out of it."""
    for pack in PACKS:
        rows = rows_of(pack, "freeze_rule")
        assert {(row["feature"], int(row["threshold"])): int(row["points"]) for row in rows} == {
            key: points for key, (points, _) in FREEZES.items()
        }
        assert {row["freeze_at_points"] for row in rows} == {"6"}
    check(
        [
            Case(pack, expected, {"suspicious_events_new": 1} | others | {feature: value})
            for pack in PACKS
            for (feature, threshold), (_, others) in list(FREEZES.items())[half::2]
            for value, expected in ((threshold - 1, NOT_FROZEN), (threshold, FROZEN))
        ]
    )


NOT_FROZEN = {"action": "HOLD", "recommended_minor": minor("10000.00"), "drawable_minor": minor("10000.00")}
FROZEN = {"action": "FREEZE", "recommended_minor": minor("10000.00"), "drawable_minor": 0}
