"""Polars: the decision of one night over the features of its customers (docs/reference/decision.md)."""

from __future__ import annotations

import operator
from functools import reduce

import polars as pl

from peers.given import Bins, Given

CUSTOMER, ACCOUNT = "customer_key", "account_key"
COMPARE = {">=": operator.ge, ">": operator.gt}
L, X = pl.col("limit"), pl.col("x")


def decide(
    given: Given, features: pl.LazyFrame, tonight: pl.LazyFrame, cases: pl.LazyFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Customers with score, band and multiplier, and accounts with their limits."""
    customers = scored(given, features).collect(engine="streaming")
    facts = customers.lazy().select(
        CUSTOMER, "score", "band", "pd_bp", "own_multiplier_bp", "f02_dpd_max_30d", "is_triggered", "is_frozen"
    )
    accounts = tonight.join(facts, on=CUSTOMER).join(open_cases(given, cases, tonight), on=ACCOUNT, how="left")
    return customers, decided(given, with_bounds(given, accounts.sort(ACCOUNT))).collect(engine="streaming")


def points(feature: str, bins: Bins) -> pl.Expr:
    """The points of the bin that holds a value."""
    value = pl.col(feature)
    chain = pl.when(value.is_null()).then(bins.missing_points)
    for lower, bin_points in list(zip(bins.lower, bins.points, strict=True))[:0:-1]:
        chain = chain.when(value >= lower).then(bin_points)
    return chain.otherwise(bins.points[0]).cast(pl.Int64)


def scored(given: Given, features: pl.LazyFrame) -> pl.LazyFrame:
    """Score, band, multiplier by tonight's score, hard triggers that are hit, and security freezes."""
    pack = given.pack
    raw = pack["score_base"] + pl.sum_horizontal(points(feature, bins) for feature, bins in given.bins.items())
    cells = pl.LazyFrame(
        given.cells,
        schema_overrides={"lower_utilisation_bp": pl.Int64, "upper_utilisation_bp": pl.Int64},
    ).drop("policy_version")
    utilisation, milli = pl.col("f06_util_bp").fill_null(0), 1000 * pl.col("score")
    return (
        features.with_columns(raw.clip(pack["score_min"], pack["score_max"]).alias("score"))
        .with_columns(
            band(given, "band"), band(given, "pd_bp"), is_triggered=is_triggered(given), has_cause=has_cause(given)
        )
        .join(cells, on="band")
        .filter(
            (utilisation >= pl.col("lower_utilisation_bp")).fill_null(True)
            & (utilisation < pl.col("upper_utilisation_bp")).fill_null(True)
        )
        .with_columns(
            own_multiplier_bp=pl.col("multiplier_bp")
            + (pl.col("better_bp") - pl.col("multiplier_bp"))
            * (milli - pl.col("lower_milli"))
            // (pl.col("upper_milli") - pl.col("lower_milli")),
            # the mass guard: so many freezes at once are a fault of ours
            is_frozen=pl.col("has_cause")
            & ~(
                (pl.col("has_cause").sum() > pack["mass_min_customers"])
                & (pl.col("has_cause").sum().cast(pl.Int64) * 10000 > pl.len().cast(pl.Int64) * pack["mass_share_bp"])
            ),
        )
    )


def band(given: Given, column: str) -> pl.Expr:
    """A column of the band that holds the score."""
    best, *others = reversed(given.bands)
    chain = pl.when(pl.col("score") >= best["lower_score"]).then(pl.lit(best[column]))
    for row in others:
        chain = chain.when(pl.col("score") >= row["lower_score"]).then(pl.lit(row[column]))
    return chain.alias(column)


def is_triggered(given: Given) -> pl.Expr:
    """Whether any hard trigger is hit: all conditions of one group hold."""
    groups = [
        reduce(
            operator.and_,
            (COMPARE[row["operator"]](pl.col(row["feature"]), row["threshold"]).fill_null(False) for row in group),
        )
        for group in given.trigger_groups
    ]
    return reduce(operator.or_, groups)


def has_cause(given: Given) -> pl.Expr:
    """Whether security has cause to freeze: enough points, and something suspicious since the night before."""
    suspicion = pl.sum_horizontal(
        pl.when(pl.col(rule["feature"]) >= rule["threshold"]).then(rule["points"]).otherwise(0)
        for rule in given.freeze_rules
    )
    needed = given.freeze_rules[0]["freeze_at_points"]
    return (suspicion >= needed) & (pl.col("suspicious").fill_null(0) > 0)


def open_cases(given: Given, cases: pl.LazyFrame, tonight: pl.LazyFrame) -> pl.LazyFrame:
    """What stands about each account; cases of a customer count for each of the customer's accounts."""
    subject, kind, outcome = ["kind", ACCOUNT, CUSTOMER], pl.col("kind"), pl.col("outcome")
    is_running = (pl.col("from") <= given.night) & (pl.col("to_date").fill_null(given.night) >= given.night)
    recency = pl.int_range(pl.len()).over(subject)
    ordered = (
        cases.with_columns(pl.when(pl.col(ACCOUNT).is_null()).then(CUSTOMER).alias(CUSTOMER), is_running=is_running)
        .sort("occurred_at", "event_token", descending=True)
        .with_columns(withdrawals_since=(outcome == "withdrawn").cum_sum().over(subject))
    )
    overrides = ordered.filter(
        (kind == "override") & pl.col("is_running") & pl.col("is_bounded") & pl.col("amount").is_not_null()
        & (pl.col("approver") != pl.col("actor")) & (pl.col("withdrawals_since") == 0)
    )  # fmt: skip
    relevant = pl.concat([ordered.filter(kind != "override"), overrides]).with_columns(recency=recency)
    is_latest = pl.col("recency") == 0
    standing = relevant.filter(
        (kind.is_in(["appeal", "human_review", "opt_out_automated"]) & is_latest & (outcome == "received"))
        | (kind.is_in(["limit_request", "override"]) & is_latest & (outcome != "withdrawn"))
        | ((kind == "hardship_pause") & pl.col("is_running") & (outcome != "withdrawn"))
        | ((kind == "legal_hold") & pl.col("is_running") & (pl.col("withdrawals_since") == 0))
    ).select(*subject, "amount")
    holders = tonight.select(ACCOUNT, CUSTOMER)
    concerned = pl.concat(
        [
            holders.select(ACCOUNT).join(standing.drop(CUSTOMER), on=ACCOUNT).with_columns(of_account=pl.lit(True)),
            holders.join(standing.drop(ACCOUNT), on=CUSTOMER)
            .select(ACCOUNT, "kind", "amount")
            .with_columns(of_account=pl.lit(False)),
        ],
        how="diagonal",
    )
    request, of_account = kind == "limit_request", pl.col("of_account")
    return concerned.group_by(ACCOUNT).agg(
        is_protected=kind.is_in(["hardship_pause", "appeal", "human_review", "opt_out_automated"]).any(),
        is_legal_hold=(kind == "legal_hold").any(),
        override=pl.col("amount").filter((kind == "override") & of_account).max(),
        own_maximum=pl.col("amount").filter(request & of_account).max(),
        customer_maximum=pl.col("amount").filter(request & ~of_account).max(),
    )


def with_bounds(given: Given, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """Accounts with all that bounds them, customer by customer."""
    pack = given.pack
    tiers = pl.LazyFrame(
        [
            (row["product_code"], row["max_limit_amount"], row["income_multiple_bp"])
            for row in given.tiers
        ],
        schema={"product_code": pl.String, "tier": pl.Int64, "income_multiple_bp": pl.Int64},
        orient="row",
    )  # fmt: skip
    income, age = pl.col("income"), (pl.lit(given.night) - pl.col("income_as_of_date")).dt.total_days()
    tenure = (pl.lit(given.night) - pl.col("opened_date")).dt.total_days()
    no_raise = (
        (tenure < pack["min_tenure_days"])
        | (pl.col("f02_dpd_max_30d") > pack["max_days_past_due_30d"]).fill_null(True)
        | pl.col("is_triggered")
    )
    if pack["max_income_age_days"] is not None:
        no_raise |= (income.fill_null(0) <= 0) | (age > pack["max_income_age_days"]).fill_null(True)
    if pack["is_consent_required"]:
        no_raise |= pl.col("raise_consent_code").fill_null("unknown") != "opted_in"
    keeps_limit, overridden = pl.col("keeps_limit"), pl.col("is_overridden")
    is_tiered = pl.col("product_code").is_in([row["product_code"] for row in given.tiers])
    customer_income = income.max().over(CUSTOMER)
    multiple = pl.col("income_multiple_bp").filter(~keeps_limit).max().over(CUSTOMER)
    return accounts.join(tiers, on="product_code", how="left", maintain_order="left").with_columns(
        pl.col("is_protected", "is_legal_hold").fill_null(False),
        is_overridden=~keeps_limit & pl.col("override").is_not_null(),
    ).with_columns(
        is_overlaid=pl.col("is_open") & (pl.col("reference") > 0) & (pl.col("is_frozen") | pl.col("is_legal_hold")),
        # a score that no nights confirm moves nothing: the strategy is the core's limit, or an override
        strategy=pl.when(overridden).then("override").otherwise(L),
        # what no tier covers is not raised
        is_raise_forbidden=(no_raise | ~is_tiered) & ~overridden,
        has_income_bound=~keeps_limit & pl.col("income_multiple_bp").is_not_null() & (customer_income > 0).fill_null(False),
        income_bound=round_down(given, customer_income * multiple // 10000),
        customer_maximum=round_down(given, pl.col("customer_maximum")),
    )  # fmt: skip


def round_down(given: Given, value: pl.Expr) -> pl.Expr:
    """Whole units of the pack's rounding."""
    return value // given.pack["rounding_minor"] * given.pack["rounding_minor"]


def share_out(given: Given, bound: pl.Expr, value: pl.Expr, sharers: list[str]) -> pl.Expr:
    """The share of one account in a bound on several, in the order of the account keys (macro share_out)."""
    so_far, everybody = value.cum_sum().over(sharers), value.sum().over(sharers)
    share = round_down(given, bound * so_far // everybody) - round_down(given, bound * (so_far - value) // everybody)
    return share.fill_null(0)


def bounded_together(given: Given, bound: pl.Expr, value: pl.Expr, sharers: list[str], least: int = 0) -> pl.Expr:
    """A value after a bound on all sharers together, where their sum exceeds it."""
    share = pl.max_horizontal(share_out(given, bound, round_down(given, value), sharers), least)
    exceeds = (value.sum().over(sharers) > bound).fill_null(False)
    return pl.when(exceeds).then(pl.min_horizontal(value, share)).otherwise(value)


def decided(given: Given, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """The limit as all operators compose it, and what it means."""
    pack, floor = given.pack, given.pack["floor_minor"]
    keeps_limit, overlaid = pl.col("keeps_limit"), pl.col("is_overlaid")
    tiered = pl.min_horizontal("strategy", pl.col("tier").fill_null(pl.col("strategy")))
    income_sharers, maximum_sharers = [CUSTOMER, "has_income_bound"], [CUSTOMER, "keeps_limit"]
    with_income = bounded_together(given, pl.col("income_bound"), X, income_sharers, floor)
    owed = pl.min_horizontal(L, -round_down(given, -pl.col("principal")))
    with_maximum = bounded_together(given, pl.col("customer_maximum"), X, maximum_sharers)
    composed = (
        accounts.with_columns(x=pl.when("is_raise_forbidden").then(pl.min_horizontal(tiered, L)).otherwise(tiered))
        .with_columns(x=pl.when(keeps_limit).then(L).otherwise(X))
        .with_columns(x=pl.when("has_income_bound").then(with_income).otherwise(X))
        .with_columns(x=pl.when("is_protected").then(pl.max_horizontal(X, L)).otherwise(X))
        .with_columns(x=pl.max_horizontal(X, pl.min_horizontal(floor, L)))
        .with_columns(
            x=pl.when(X > L)
            .then(pl.max_horizontal(L, round_down(given, X)))
            .when(X < L)
            .then(round_down(given, X))
            .otherwise(L)
        )
        .with_columns(x=pl.max_horizontal(X, owed))
        .with_columns(x=pl.min_horizontal(X, pl.col("own_maximum").fill_null(X)))
        .with_columns(x=pl.when(keeps_limit).then(L).otherwise(X))
        .with_columns(x=pl.when(keeps_limit).then(X).otherwise(with_maximum))
    )
    capped = composed.join(caps(given, composed), on=ACCOUNT, how="left", maintain_order="left")
    recommended = pl.col("recommended")
    is_capped = (
        (pl.col("capped") < X) | (pl.col("is_cap_reached") & (pl.col("capped") < pl.col("reference")))
    ).fill_null(False)
    limits = capped.with_columns(
        is_capped=is_capped, recommended=pl.when(overlaid).then(L).otherwise(pl.col("capped").fill_null(X))
    )
    others_income = recommended.sum().over(income_sharers) - recommended
    others_maximum = recommended.sum().over(maximum_sharers) - recommended
    grantable = pl.min_horizontal(
        "strategy",
        "tier",
        pl.when("has_income_bound").then(pl.col("income_bound") - others_income),
        "own_maximum",
        pl.col("customer_maximum") - others_maximum,
        "cap_room",
    )
    undrawn = pl.max_horizontal(recommended - pl.col("principal"), 0)
    loss = pl.col("pd_bp").cast(pl.Int64) * pack["lgd_bp"] * (
        pl.max_horizontal("principal", 0) + pack["ccf_bp"] * undrawn // 10000
    )  # fmt: skip
    return limits.select(
        ACCOUNT,
        CUSTOMER,
        "score",
        "band",
        pl.col("pd_bp").cast(pl.Int64),
        expected_loss_minor=loss // (10000 * 10000),
        reference_limit_minor="reference",
        tonight_target_minor=pl.col("reference") * pl.col("own_multiplier_bp") // 10000,
        old_limit_minor=L,
        recommended_limit_minor=recommended,
        action=pl.when(overlaid).then(pl.lit("FREEZE")).when(recommended > L).then(pl.lit("UP"))
        .when(recommended < L).then(pl.lit("DOWN")).otherwise(pl.lit("HOLD")),
        display_state=pl.when(~pl.col("is_open")).then(pl.lit("CLOSED"))
        .when(overlaid).then(pl.lit("FROZEN_SECURITY"))
        .when("is_capped").then(pl.lit("REG_CAPPED"))
        .when(recommended >= pl.col("reference")).then(pl.lit("NORMAL"))
        .when((recommended <= floor) & ((recommended > 0) | (floor == 0))).then(pl.lit("FLOORED")).otherwise(pl.lit("REDUCED")),
        drawable_minor=pl.when(pl.col("is_drawable") & ~overlaid).then(undrawn).otherwise(0),
        max_grantable_minor=pl.when(keeps_limit | overlaid | pl.col("is_raise_forbidden")).then(recommended)
        .otherwise(pl.max_horizontal(recommended, round_down(given, grantable))),
    )  # fmt: skip


def caps(given: Given, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """The tightest regulatory cap of each account that one concerns; an overlaid account keeps its limit."""
    rules = pl.LazyFrame(
        [
            (row["rule_id"], row["legal_entity_code"], row["purpose_code"], row["channel_code"], row["cap_amount"])
            for row in given.caps
        ],
        schema={"rule_id": pl.String, "entity": pl.String, "purpose": pl.String, "channel": pl.String, "cap": pl.Int64},
        orient="row",
    )  # fmt: skip
    names = {"entity": "legal_entity_code", "purpose": "purpose_code", "channel": "channel_code"}
    matches = reduce(
        operator.and_, ((pl.col(rule) == "*") | (pl.col(rule) == pl.col(name)) for rule, name in names.items())
    )
    concerned = [CUSTOMER, "rule_id"]
    overlaid = pl.when("is_overlaid").then(L).otherwise(0).sum().over(concerned)
    bound, customer = pl.col("bound"), X.sum().over(concerned)
    return (
        accounts.filter(~pl.col("keeps_limit"))
        .select(ACCOUNT, CUSTOMER, *names.values(), "x", "limit", "is_overlaid")
        .join(rules, how="cross")
        .filter(matches)
        .with_columns(bound=round_down(given, pl.max_horizontal(pl.col("cap") - overlaid, 0)))
        .filter(~pl.col("is_overlaid"))
        .sort(ACCOUNT)
        .with_columns(capped=bounded_together(given, bound, X, concerned), customer=customer)
        .with_columns(
            is_cap_reached=pl.col("customer") >= bound,
            cap_room=bound - (pl.min_horizontal("customer", bound) - pl.col("capped")),
        )
        .with_columns(pl.col("cap_room").min().over(ACCOUNT))
        .sort("capped", ~pl.col("is_cap_reached"), "rule_id")
        .unique(ACCOUNT, keep="first", maintain_order=True)
        .select(ACCOUNT, "capped", "is_cap_reached", "cap_room")
    )
