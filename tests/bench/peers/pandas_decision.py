"""pandas: the decision of one night over the features of its customers (docs/reference/decision.md)."""

from __future__ import annotations

import operator
from functools import reduce

import numpy as np
import pandas as pd

from peers.given import Given

CUSTOMER, ACCOUNT = "customer_key", "account_key"
COMPARE = {">=": operator.ge, ">": operator.gt}


def decide(
    given: Given, night: int, features: pd.DataFrame, tonight: pd.DataFrame, cases: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers with score, band and multiplier, and accounts with their limits."""
    customers = scored(given, features)
    facts = ["score", "band", "pd_bp", "own_multiplier_bp", "f02_dpd_max_30d", "is_triggered", "is_frozen"]
    accounts = tonight.join(customers[facts], on=CUSTOMER).join(open_cases(night, cases, tonight), on=ACCOUNT)
    return customers, decided(given, with_bounds(given, night, accounts))


def position(edges: list[int], values: pd.Series) -> np.ndarray:
    """Which of the ascending lower edges holds each value."""
    return np.searchsorted(edges, values.to_numpy(), side="right") - 1


def scored(given: Given, features: pd.DataFrame) -> pd.DataFrame:
    """Score, band, multiplier by tonight's score, hard triggers that are hit, and security freezes."""
    pack, customers = given.pack, features.copy()
    score = np.full(len(customers), pack["score_base"], dtype="int64")
    for feature, bins in given.bins.items():
        value = customers[feature]
        points = np.array(bins.points)[np.searchsorted(bins.lower[1:], value.fillna(0).to_numpy("int64"), side="right")]
        score += np.where(value.isna(), bins.missing_points, points)
    customers["score"] = score.clip(pack["score_min"], pack["score_max"])
    bands = pd.DataFrame(given.bands)
    held_by = position(bands["lower_score"].tolist(), customers["score"])
    customers["band"], customers["pd_bp"] = bands["band"].to_numpy()[held_by], bands["pd_bp"].to_numpy()[held_by]
    customers["own_multiplier_bp"] = multiplier(given, customers)
    groups = [
        reduce(
            operator.and_,
            (COMPARE[row["operator"]](customers[row["feature"]], row["threshold"]).fillna(False) for row in group),
        )
        for group in given.trigger_groups
    ]
    customers["is_triggered"] = reduce(operator.or_, groups).astype(bool)
    suspicion = sum(
        (customers[rule["feature"]] >= rule["threshold"]).fillna(False) * rule["points"] for rule in given.freeze_rules
    )
    cause = ((suspicion >= given.freeze_rules[0]["freeze_at_points"]) & (customers["suspicious"] > 0)).astype(bool)
    # the mass guard: so many freezes at once are a fault of ours
    count = int(cause.sum())
    is_mass = count > pack["mass_min_customers"] and count * 10000 > len(customers) * pack["mass_share_bp"]
    customers["is_frozen"] = cause & (not is_mass)
    return customers


def multiplier(given: Given, customers: pd.DataFrame) -> pd.Series:
    """The multiplier by score and utilisation: a straight line from a band's cell to that of the next better one."""
    cells = pd.DataFrame(given.cells)
    utilisation = customers["f06_util_bp"].fillna(0)
    chosen = customers[["score", "band"]].assign(utilisation=utilisation).reset_index().merge(cells, on="band")
    chosen = chosen[
        ~(chosen["utilisation"] < chosen["lower_utilisation_bp"]).fillna(False)
        & ~(chosen["utilisation"] >= chosen["upper_utilisation_bp"]).fillna(False)
    ].set_index(CUSTOMER)
    climb = (chosen["better_bp"] - chosen["multiplier_bp"]) * (1000 * chosen["score"] - chosen["lower_milli"])
    return chosen["multiplier_bp"] + climb // (chosen["upper_milli"] - chosen["lower_milli"])


def open_cases(night: int, cases: pd.DataFrame, tonight: pd.DataFrame) -> pd.DataFrame:
    """What stands about each account; cases of a customer count for each of the customer's accounts."""
    events = cases.copy()
    events["kind"] = events["kind"].astype(object)
    events[CUSTOMER] = events[CUSTOMER].mask(events[ACCOUNT].notna())
    events["is_running"] = (events["from"] <= night) & (events["to_date"].fillna(night) >= night)
    events = events.sort_values(["occurred_at", "token"], ascending=False)
    subject = ["kind", ACCOUNT, CUSTOMER]
    kind, outcome = events["kind"], events["outcome"]
    withdrawn = (outcome == "withdrawn").groupby([events[name] for name in subject], dropna=False).cumsum()
    events["is_upheld"] = withdrawn == 0
    two_people = events["approver"].astype(object) != events["actor"].astype(object)
    is_in_force = events["is_running"] & events["is_bounded"] & events["amount"].notna() & events["is_upheld"]
    is_named = events["approver"].notna() & events["actor"].notna()
    events = events[(kind != "override") | (is_in_force & two_people & is_named)]
    kind, outcome = events["kind"], events["outcome"]
    is_latest = events.groupby(subject, dropna=False).cumcount() == 0
    stands = (
        (kind.isin(["appeal", "human_review", "opt_out_automated"]) & is_latest & (outcome == "received"))
        | (kind.isin(["limit_request", "override"]) & is_latest & (outcome != "withdrawn"))
        | ((kind == "hardship_pause") & events["is_running"] & (outcome != "withdrawn"))
        | ((kind == "legal_hold") & events["is_running"] & events["is_upheld"])
    )
    standing = events.loc[stands.astype(bool), [*subject, "amount"]]
    holders = tonight[[ACCOUNT, CUSTOMER]].astype("Int64")
    of_account = holders[[ACCOUNT]].merge(standing.dropna(subset=ACCOUNT).drop(columns=CUSTOMER), on=ACCOUNT)
    of_customer = holders.merge(standing.dropna(subset=CUSTOMER).drop(columns=ACCOUNT), on=CUSTOMER)
    concerned = pd.concat([of_account.assign(of_account=True), of_customer.assign(of_account=False)])
    kind, is_own = concerned["kind"], concerned["of_account"]
    protecting = kind.isin(["hardship_pause", "appeal", "human_review", "opt_out_automated"])
    amount, request = concerned["amount"].astype("Int64"), kind == "limit_request"
    return (
        pd.DataFrame(
            {
                ACCOUNT: concerned[ACCOUNT].astype("int64"),
                "is_protected": protecting,
                "is_legal_hold": kind == "legal_hold",
                "override": amount.where((kind == "override") & is_own),
                "own_maximum": amount.where(request & is_own),
                "customer_maximum": amount.where(request & ~is_own),
            }
        )
        .groupby(ACCOUNT)
        .max()
    )


def with_bounds(given: Given, night: int, accounts: pd.DataFrame) -> pd.DataFrame:
    """Accounts with all that bounds them, customer by customer."""
    pack = given.pack
    tiers = (
        pd.DataFrame(given.tiers).set_index("product_code")[["max_limit_amount", "income_multiple_bp"]].astype("Int64")
    )
    accounts["product_code"] = accounts["product_code"].astype(object)
    accounts = accounts.join(tiers.rename(columns={"max_limit_amount": "tier"}), on="product_code")
    for name in ("is_protected", "is_legal_hold"):
        accounts[name] = accounts[name].astype("boolean").fillna(False).astype(bool)
    keeps_limit, income = accounts["keeps_limit"], accounts["income"].astype("Int64")
    accounts["is_overridden"] = ~keeps_limit & accounts["override"].notna()
    is_live = accounts["is_open"] & (accounts["reference"] > 0)
    accounts["is_overlaid"] = is_live & (accounts["is_frozen"] | accounts["is_legal_hold"])
    # a score that no nights confirm moves nothing: the strategy is the core's limit, or an override
    override = accounts["override"].fillna(0).astype("int64")
    accounts["strategy"] = accounts["limit"].where(~accounts["is_overridden"], override)
    no_raise = night - accounts["opened_date"] < pack["min_tenure_days"]
    no_raise |= (accounts["f02_dpd_max_30d"] > pack["max_days_past_due_30d"]).fillna(True).astype(bool)
    no_raise |= accounts["is_triggered"]
    if pack["max_income_age_days"] is not None:
        age = night - accounts["income_as_of_date"].astype("Int64")
        no_raise |= ((income.fillna(0) <= 0) | (age > pack["max_income_age_days"]).fillna(True)).astype(bool)
    if pack["is_consent_required"]:
        no_raise |= (accounts["raise_consent_code"].astype(object) != "opted_in").to_numpy()
    # what no tier covers is not raised
    is_tiered = accounts["product_code"].isin(tiers.index)
    accounts["is_raise_forbidden"] = (no_raise | ~is_tiered) & ~accounts["is_overridden"]
    multiple = accounts["income_multiple_bp"]
    customer_income = income.groupby(accounts[CUSTOMER]).transform("max")
    highest = multiple.mask(keeps_limit).groupby(accounts[CUSTOMER]).transform("max")
    has_income = (customer_income > 0).fillna(False).astype(bool)
    accounts["has_income_bound"] = ~keeps_limit & multiple.notna() & has_income
    accounts["income_bound"] = round_down(given, customer_income * highest // 10000)
    accounts["customer_maximum"] = round_down(given, accounts["customer_maximum"].astype("Int64"))
    return accounts


def round_down(given: Given, value: pd.Series) -> pd.Series:
    """Whole units of the pack's rounding."""
    return value // given.pack["rounding_minor"] * given.pack["rounding_minor"]


def bounded_together(
    given: Given, bound: pd.Series, value: pd.Series, sharers: list[pd.Series], least: int = 0
) -> pd.Series:
    """A value after a bound on all sharers together, where their sum exceeds it, in the order of the rows (macro share_out)."""
    units = round_down(given, value)
    so_far, everybody = units.groupby(sharers).cumsum(), units.groupby(sharers).transform("sum").astype("Int64")
    bound, everybody = bound.astype("Int64"), everybody.mask(everybody == 0)
    share = round_down(given, bound * so_far // everybody) - round_down(given, bound * (so_far - units) // everybody)
    share = share.fillna(0).astype("int64").clip(lower=least)
    exceeds = (value.groupby(sharers).transform("sum") > bound).fillna(False).astype(bool)
    return value.where(~exceeds, np.minimum(value, share))


def decided(given: Given, accounts: pd.DataFrame) -> pd.DataFrame:
    """The limit as all operators compose it, and what it means."""
    pack, floor = given.pack, given.pack["floor_minor"]
    limit, keeps_limit, overlaid = accounts["limit"], accounts["keeps_limit"], accounts["is_overlaid"]
    income_sharers = [accounts[CUSTOMER], accounts["has_income_bound"]]
    maximum_sharers = [accounts[CUSTOMER], keeps_limit]
    tiered = np.minimum(accounts["strategy"], accounts["tier"].fillna(accounts["strategy"]).astype("int64"))
    x = tiered.where(~accounts["is_raise_forbidden"], np.minimum(tiered, limit)).where(~keeps_limit, limit)
    with_income = bounded_together(given, accounts["income_bound"], x, income_sharers, floor)
    x = x.where(~accounts["has_income_bound"], with_income)
    x = x.where(~accounts["is_protected"], np.maximum(x, limit))
    x = np.maximum(x, np.minimum(limit, floor))
    rounded = round_down(given, x)
    x = x.where(x == limit, rounded.where(x < limit, np.maximum(limit, rounded)))
    x = np.maximum(x, np.minimum(limit, -round_down(given, -accounts["principal"])))
    x = np.minimum(x, accounts["own_maximum"].astype("Int64").fillna(x).astype("int64")).where(~keeps_limit, limit)
    x = x.where(keeps_limit, bounded_together(given, accounts["customer_maximum"], x, maximum_sharers))
    accounts["x"] = x
    capped = accounts[[ACCOUNT]].join(caps(given, accounts), on=ACCOUNT)
    limited = capped["capped"].fillna(x).astype("int64")
    recommended = limited.where(~overlaid, limit)
    is_reached = capped["is_cap_reached"].astype("boolean").fillna(False).astype(bool)
    is_capped = (limited < x) | (is_reached & (limited < accounts["reference"]))
    undrawn = (recommended - accounts["principal"]).clip(lower=0)
    at_risk = accounts["principal"].clip(lower=0) + pack["ccf_bp"] * undrawn // 10000
    is_floored = (recommended <= floor) & ((recommended > 0) | (floor == 0))
    conditions = [~accounts["is_open"], overlaid, is_capped, recommended >= accounts["reference"], is_floored]
    states = ["CLOSED", "FROZEN_SECURITY", "REG_CAPPED", "NORMAL", "FLOORED"]
    others_income = recommended.groupby(income_sharers).transform("sum") - recommended
    others_maximum = recommended.groupby(maximum_sharers).transform("sum") - recommended
    grantable = pd.concat(
        [
            accounts["strategy"].astype("Int64"),
            accounts["tier"],
            (accounts["income_bound"] - others_income).where(accounts["has_income_bound"]),
            accounts["own_maximum"].astype("Int64"),
            accounts["customer_maximum"] - others_maximum,
            capped["cap_room"],
        ],
        axis=1,
    ).min(axis=1)
    granted = np.maximum(recommended, round_down(given, grantable).astype("int64"))
    return pd.DataFrame(
        {
            ACCOUNT: accounts[ACCOUNT],
            CUSTOMER: accounts[CUSTOMER],
            "score": accounts["score"],
            "band": accounts["band"],
            "pd_bp": accounts["pd_bp"],
            "expected_loss_minor": accounts["pd_bp"] * pack["lgd_bp"] * at_risk // (10000 * 10000),
            "reference_limit_minor": accounts["reference"],
            "tonight_target_minor": accounts["reference"] * accounts["own_multiplier_bp"] // 10000,
            "old_limit_minor": limit,
            "recommended_limit_minor": recommended,
            "action": np.select(
                [overlaid, recommended > limit, recommended < limit], ["FREEZE", "UP", "DOWN"], default="HOLD"
            ),
            "display_state": np.select(conditions, states, default="REDUCED"),
            "drawable_minor": undrawn.where(accounts["is_drawable"] & ~overlaid, 0),
            "max_grantable_minor": granted.where(
                ~(keeps_limit | overlaid | accounts["is_raise_forbidden"]), recommended
            ),
        }
    )


def caps(given: Given, accounts: pd.DataFrame) -> pd.DataFrame:
    """The tightest regulatory cap of each account that one concerns; an overlaid account keeps its limit."""
    names = ["legal_entity_code", "purpose_code", "channel_code"]
    live = accounts.loc[~accounts["keeps_limit"], [ACCOUNT, CUSTOMER, *names, "x", "limit", "is_overlaid"]]
    found = []
    for rule in given.caps:
        matches = [live[name] == rule[name] for name in names if rule[name] != "*"]
        rows = live[reduce(operator.and_, matches, pd.Series(True, index=live.index))]
        overlaid = rows["limit"].where(rows["is_overlaid"], 0).groupby(rows[CUSTOMER]).transform("sum")
        bound = round_down(given, (rule["cap_amount"] - overlaid).clip(lower=0))
        rows = rows.assign(bound=bound, rule_id=rule["rule_id"])[~rows["is_overlaid"]]
        customer = rows["x"].groupby(rows[CUSTOMER]).transform("sum")
        capped = bounded_together(given, rows["bound"], rows["x"], [rows[CUSTOMER]])
        room = rows["bound"] - (np.minimum(customer, rows["bound"]) - capped)
        found.append(rows.assign(capped=capped, is_cap_reached=customer >= rows["bound"], cap_room=room))
    tightest = pd.concat(found)
    tightest["cap_room"] = tightest["cap_room"].groupby(tightest[ACCOUNT]).transform("min")
    tightest = tightest.sort_values(["capped", "is_cap_reached", "rule_id"], ascending=[True, False, True])
    tightest = tightest.drop_duplicates(ACCOUNT).set_index(ACCOUNT)[["capped", "is_cap_reached", "cap_room"]]
    return tightest.astype({"capped": "Int64", "cap_room": "Int64"})
