"""Spark: the decision of one night over the features of its customers (docs/reference/decision.md)."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from peers.given import Bins, Given
from peers.spark_words import ACCOUNT, CUSTOMER, quotient

FACTS = [CUSTOMER, "score", "band", "pd_bp", "own_multiplier_bp", "f02_dpd_max_30d", "is_triggered", "is_frozen"]


def decide(
    spark: SparkSession, given: Given, features: DataFrame, tonight: DataFrame, cases: DataFrame
) -> tuple[DataFrame, DataFrame]:
    """Customers with score, band and multiplier, and accounts with their limits."""
    customers = scored(spark, given, features).cache()
    accounts = tonight.join(customers.select(FACTS), CUSTOMER).join(
        F.broadcast(open_cases(given, cases, tonight)), ACCOUNT, "left"
    )
    return customers, decided(spark, given, with_bounds(spark, given, accounts))


def case_when(branches: Iterable[tuple[str, object]], otherwise: object) -> str:
    """The value of the first condition that holds, as SQL."""
    return f"case {' '.join(f'when {condition} then {value}' for condition, value in branches)} else {otherwise} end"


def points(feature: str, bins: Bins) -> str:
    """The points of the bin that holds a value."""
    edges = list(zip(bins.lower, bins.points, strict=True))[:0:-1]
    known = [(f"{feature} >= {lower}", bin_points) for lower, bin_points in edges]
    return case_when([(f"{feature} is null", bins.missing_points), *known], bins.points[0])


def scored(spark: SparkSession, given: Given, features: DataFrame) -> DataFrame:
    """Score, band, multiplier by tonight's score, hard triggers that are hit, and security freezes."""
    pack = given.pack
    raw = " + ".join([str(pack["score_base"]), *(points(feature, bins) for feature, bins in given.bins.items())])
    triggers = [
        " and ".join(f"coalesce({row['feature']} {row['operator']} {row['threshold']}, false)" for row in group)
        for group in given.trigger_groups
    ]
    suspicion = " + ".join(
        f"if({rule['feature']} >= {rule['threshold']}, {rule['points']}, 0)" for rule in given.freeze_rules
    )
    names = [
        "band",
        "lower_utilisation_bp",
        "upper_utilisation_bp",
        "multiplier_bp",
        "lower_milli",
        "upper_milli",
        "better_bp",
    ]
    cells = spark.createDataFrame(
        [tuple(row[name] for name in names) for row in given.cells],
        f"band string, {' bigint, '.join(names[1:])} bigint",
    )
    climb = quotient("(better_bp - multiplier_bp) * (1000 * score - lower_milli)", "upper_milli - lower_milli")
    judged = (
        features.withColumn("score", F.expr(f"least({pack['score_max']}, greatest({pack['score_min']}, {raw}))"))
        .withColumns(
            {
                "band": F.expr(band(given, "band")),
                "pd_bp": F.expr(band(given, "pd_bp")),
                "is_triggered": F.expr(" or ".join(f"({group})" for group in triggers)),
                "has_cause": F.expr(
                    f"{suspicion} >= {given.freeze_rules[0]['freeze_at_points']} and coalesce(suspicious > 0, false)"
                ),
            }
        )
        .join(F.broadcast(cells), "band")
        .where("coalesce(coalesce(f06_util_bp, 0) >= lower_utilisation_bp, true)")
        .where("coalesce(coalesce(f06_util_bp, 0) < upper_utilisation_bp, true)")
        .withColumn("own_multiplier_bp", F.expr(f"multiplier_bp + {climb}"))
    )
    # the mass guard: so many freezes at once are a fault of ours
    guard = judged.agg(F.expr("count_if(has_cause)").alias("causes"), F.expr("count(*)").alias("customers")).selectExpr(
        f"causes > {pack['mass_min_customers']} and causes * 10000 > customers * {pack['mass_share_bp']} as is_mass"
    )
    return judged.crossJoin(F.broadcast(guard)).withColumns(
        {
            "is_frozen": F.expr("has_cause and not is_mass"),
            "score": F.expr("cast(score as bigint)"),
            "pd_bp": F.expr("cast(pd_bp as bigint)"),
        }
    )


def band(given: Given, column: str) -> str:
    """A column of the band that holds the score."""
    lowest, *others = given.bands
    branches = [(f"score >= {row['lower_score']}", repr(row[column])) for row in reversed(others)]
    return case_when(branches, repr(lowest[column]))


def open_cases(given: Given, cases: DataFrame, tonight: DataFrame) -> DataFrame:
    """What stands about each account; cases of a customer count for each of the customer's accounts."""
    subject, night = ["kind", ACCOUNT, CUSTOMER], f"date '{given.night}'"
    newest_first = Window.partitionBy(*subject).orderBy(F.desc("occurred_at"), F.desc("event_token"))
    so_far = newest_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    standing = (
        cases.withColumns(
            {
                CUSTOMER: F.expr(f"if({ACCOUNT} is null, {CUSTOMER}, null)"),
                "is_running": F.expr(f"starts <= {night} and coalesce(to_date, {night}) >= {night}"),
            }
        )
        .withColumn("withdrawals_since", F.sum(F.expr("if(outcome = 'withdrawn', 1, 0)")).over(so_far))
        .where(
            "kind <> 'override' or (is_running and is_bounded and amount is not null and approver <> actor"
            " and withdrawals_since = 0)"
        )
        .withColumn("recency", F.row_number().over(newest_first))
        .where(
            "(kind in ('appeal', 'human_review', 'opt_out_automated') and recency = 1 and outcome = 'received')"
            " or (kind in ('limit_request', 'override') and recency = 1 and outcome <> 'withdrawn')"
            " or (kind = 'hardship_pause' and is_running and outcome <> 'withdrawn')"
            " or (kind = 'legal_hold' and is_running and withdrawals_since = 0)"
        )
        .select(*subject, "amount")
    )
    of_account = tonight.select(ACCOUNT).join(F.broadcast(standing.drop(CUSTOMER)), ACCOUNT)
    of_customer = tonight.select(ACCOUNT, CUSTOMER).join(F.broadcast(standing.drop(ACCOUNT)), CUSTOMER)
    columns = [ACCOUNT, "kind", "amount", "is_own"]
    concerned = (
        of_account.withColumn("is_own", F.lit(True))
        .select(columns)
        .union(of_customer.withColumn("is_own", F.lit(False)).select(columns))
    )
    protecting = "kind in ('hardship_pause', 'appeal', 'human_review', 'opt_out_automated')"
    return concerned.groupBy(ACCOUNT).agg(
        F.expr(f"bool_or({protecting})").alias("is_protected"),
        F.expr("bool_or(kind = 'legal_hold')").alias("is_legal_hold"),
        F.expr("max(amount) filter (where kind = 'override' and is_own)").alias("override"),
        F.expr("max(amount) filter (where kind = 'limit_request' and is_own)").alias("own_maximum"),
        F.expr("max(amount) filter (where kind = 'limit_request' and not is_own)").alias("customer_maximum"),
    )


def with_bounds(spark: SparkSession, given: Given, accounts: DataFrame) -> DataFrame:
    """Accounts with all that bounds them, customer by customer."""
    pack, night = given.pack, f"date '{given.night}'"
    tiers = spark.createDataFrame(
        [(row["product_code"], row["max_limit_amount"], row["income_multiple_bp"]) for row in given.tiers],
        "product_code string, tier bigint, income_multiple_bp bigint",
    ).withColumn("is_tiered", F.lit(True))
    no_raise = [
        f"datediff({night}, opened_date) < {pack['min_tenure_days']}",
        f"coalesce(f02_dpd_max_30d > {pack['max_days_past_due_30d']}, true)",
        "is_triggered",
    ]
    if pack["max_income_age_days"] is not None:
        no_raise.append("coalesce(income, 0) <= 0")
        no_raise.append(f"coalesce(datediff({night}, income_as_of_date) > {pack['max_income_age_days']}, true)")
    if pack["is_consent_required"]:
        no_raise.append("coalesce(raise_consent_code, 'unknown') <> 'opted_in'")
    customer = f"over (partition by {CUSTOMER})"
    income = quotient(
        f"(max(income) {customer}) * (max(if(keeps_limit, null, income_multiple_bp)) {customer})",
        "cast(10000 as bigint)",
    )
    return (
        accounts.join(F.broadcast(tiers), "product_code", "left")
        .withColumns(
            {
                "is_protected": F.expr("coalesce(is_protected, false)"),
                "is_overridden": F.expr("not keeps_limit and override is not null"),
                "is_overlaid": F.expr("is_open and reference > 0 and (is_frozen or coalesce(is_legal_hold, false))"),
                "has_income_bound": F.expr(
                    f"not keeps_limit and income_multiple_bp is not null and coalesce((max(income) {customer}) > 0, false)"
                ),
                "income_bound": F.expr(round_down(given, income)),
                "customer_maximum": F.expr(round_down(given, "customer_maximum")),
            }
        )
        .withColumns(
            {
                # a score that no nights confirm moves nothing: the strategy is the core's limit, or an override
                "strategy": F.expr("if(is_overridden, override, limit_minor)"),
                # what no tier covers is not raised
                "is_raise_forbidden": F.expr(f"({' or '.join(no_raise)} or is_tiered is null) and not is_overridden"),
            }
        )
    )


def round_down(given: Given, value: str) -> str:
    """Whole units of the pack's rounding."""
    unit = given.pack["rounding_minor"]
    return f"(({value}) - pmod({value}, {unit}))"


def bounded_together(given: Given, rows: DataFrame, bound: str, sharers: list[str], least: int = 0) -> DataFrame:
    """Rows with `x` after a bound on all sharers together, where their sum exceeds it (macro share_out)."""
    everybody = Window.partitionBy(*sharers)
    so_far = everybody.orderBy(ACCOUNT).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    upper = round_down(given, quotient(f"{bound} * units_so_far", "all_units"))
    lower = round_down(given, quotient(f"{bound} * (units_so_far - units)", "all_units"))
    return (
        rows.withColumn("units", F.expr(round_down(given, "x")))
        .withColumns(
            {
                "units_so_far": F.sum("units").over(so_far),
                "all_units": F.sum("units").over(everybody),
                "all_x": F.sum("x").over(everybody),
            }
        )
        .withColumn(
            "x",
            F.expr(
                f"if(coalesce(all_x > {bound}, false), least(x, greatest(coalesce({upper} - {lower}, 0), {least})), x)"
            ),
        )
        .drop("units", "units_so_far", "all_units")
    )


def decided(spark: SparkSession, given: Given, accounts: DataFrame) -> DataFrame:
    """The limit as all operators compose it, and what it means."""
    pack, floor = given.pack, given.pack["floor_minor"]

    def step(rows: DataFrame, x: str) -> DataFrame:
        return rows.withColumn("x", F.expr(x))

    rows = step(accounts, "least(strategy, coalesce(tier, strategy))")
    rows = step(rows, "if(keeps_limit, limit_minor, if(is_raise_forbidden, least(x, limit_minor), x))")
    # who has no income bound is bounded by nothing
    rows = rows.withColumn("income_bound", F.expr("if(has_income_bound, income_bound, null)"))
    rows = bounded_together(given, rows, "income_bound", [CUSTOMER, "has_income_bound"], floor)
    rows = step(rows, "if(is_protected, greatest(x, limit_minor), x)")
    rows = step(rows, f"greatest(x, least({floor}, limit_minor))")
    rounded = round_down(given, "x")
    rows = step(
        rows,
        f"case when x > limit_minor then greatest(limit_minor, {rounded}) when x < limit_minor then {rounded} else x end",
    )
    rows = step(rows, f"greatest(x, least(limit_minor, -{round_down(given, '-principal')}))")
    rows = step(rows, "if(keeps_limit, limit_minor, least(x, coalesce(own_maximum, x)))")
    rows = rows.withColumn("unheld_maximum", F.expr("if(keeps_limit, null, customer_maximum)"))
    rows = bounded_together(given, rows, "unheld_maximum", [CUSTOMER, "keeps_limit"]).cache()
    rows = rows.join(caps(spark, given, rows), ACCOUNT, "left").withColumns(
        {
            "recommended": F.expr("if(is_overlaid, limit_minor, coalesce(capped, x))"),
            "is_capped": F.expr("coalesce(capped < x or (is_cap_reached and capped < reference), false)"),
        }
    )
    rows = rows.withColumns(
        {
            "undrawn": F.expr("greatest(recommended - principal, 0)"),
            "others_income": F.expr(
                f"(sum(recommended) over (partition by {CUSTOMER}, has_income_bound)) - recommended"
            ),
            "others_maximum": F.expr(f"(sum(recommended) over (partition by {CUSTOMER}, keeps_limit)) - recommended"),
        }
    )
    grantable = (
        "least(strategy, tier, income_bound - others_income, own_maximum, customer_maximum - others_maximum, cap_room)"
    )
    at_risk = f"(greatest(principal, 0) + {quotient(str(pack['ccf_bp']) + ' * undrawn', 'cast(10000 as bigint)')})"
    loss = quotient(f"pd_bp * {pack['lgd_bp']} * {at_risk}", "cast(10000 * 10000 as bigint)")
    state = case_when(
        [
            ("not is_open", "'CLOSED'"),
            ("is_overlaid", "'FROZEN_SECURITY'"),
            ("is_capped", "'REG_CAPPED'"),
            ("recommended >= reference", "'NORMAL'"),
            (f"recommended <= {floor} and (recommended > 0 or {floor} = 0)", "'FLOORED'"),
        ],
        "'REDUCED'",
    )
    action = case_when(
        [("is_overlaid", "'FREEZE'"), ("recommended > limit_minor", "'UP'"), ("recommended < limit_minor", "'DOWN'")],
        "'HOLD'",
    )
    return rows.selectExpr(
        ACCOUNT,
        CUSTOMER,
        "score",
        "band",
        "pd_bp",
        f"{loss} as expected_loss_minor",
        "reference as reference_limit_minor",
        f"{quotient('reference * own_multiplier_bp', 'cast(10000 as bigint)')} as tonight_target_minor",
        "limit_minor as old_limit_minor",
        "recommended as recommended_limit_minor",
        f"{action} as action",
        f"{state} as display_state",
        "if(is_drawable and not is_overlaid, undrawn, 0) as drawable_minor",
        "if(keeps_limit or is_overlaid or is_raise_forbidden, recommended,"
        f" greatest(recommended, {round_down(given, grantable)})) as max_grantable_minor",
    )


def caps(spark: SparkSession, given: Given, accounts: DataFrame) -> DataFrame:
    """The tightest regulatory cap of each account that one concerns; an overlaid account keeps its limit."""
    rules = spark.createDataFrame(
        [
            (row["rule_id"], row["legal_entity_code"], row["purpose_code"], row["channel_code"], row["cap_amount"])
            for row in given.caps
        ],
        "rule_id string, entity string, purpose string, channel string, cap bigint",
    )
    of_customer = f"over (partition by {CUSTOMER}, rule_id)"
    bound = round_down(given, f"greatest(cap - (sum(if(is_overlaid, limit_minor, 0)) {of_customer}), 0)")
    names = ["legal_entity_code", "purpose_code", "channel_code"]
    live = (
        accounts.where("not keeps_limit")
        .select(ACCOUNT, CUSTOMER, *names, "x", "limit_minor", "is_overlaid")
        .join(
            F.broadcast(rules),
            F.expr(
                "entity in (legal_entity_code, '*') and purpose in (purpose_code, '*') and channel in (channel_code, '*')"
            ),
        )
        .withColumn("bound", F.expr(bound))
        .where("not is_overlaid")
    )
    tightest = Window.partitionBy(ACCOUNT).orderBy("capped", F.desc("is_cap_reached"), "rule_id")
    return (
        bounded_together(given, live, "bound", [CUSTOMER, "rule_id"])
        .withColumnRenamed("x", "capped")
        .withColumn("is_cap_reached", F.expr("all_x >= bound"))
        .withColumn("room", F.expr("bound - (least(all_x, bound) - capped)"))
        .withColumn("cap_room", F.min("room").over(Window.partitionBy(ACCOUNT)))
        .withColumn("tightness", F.row_number().over(tightest))
        .where("tightness = 1")
        .select(ACCOUNT, "capped", "is_cap_reached", "cap_room")
    )
