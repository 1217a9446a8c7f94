"""Polars: lazy frames over Parquet, collected by the streaming engine. `python -m peers.polars_peer WORKLOAD RESULT`."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from peers.given import Given
from peers.measure import Stages, peak_rss_bytes, report
from peers.polars_decision import decide

VERSION = ["known_at", "batch_id", "source_row"]
CUSTOMER, ACCOUNT = "customer_key", "account_key"


def main(workload: Path, result: Path) -> None:
    """Write both tables and report."""
    stages = Stages()
    given = Given(workload)
    tonight = accounts_tonight(given).collect(engine="streaming")
    stages.end("read")
    features = customer_features(given, tonight.lazy()).collect(engine="streaming")
    stages.end("features")
    customers, accounts = decide(given, features.lazy(), tonight.lazy(), case_events(given))
    stages.end("decision")
    columns = [CUSTOMER, *given.features, "score", "band", "own_multiplier_bp"]
    customers.select(columns).sort(CUSTOMER).write_parquet(result / "customers.parquet")
    accounts.sort(ACCOUNT).write_parquet(result / "accounts.parquet")
    stages.end("write")
    report(stages, {"polars": pl.__version__}, peak_rss_bytes())


def latest(given: Given, source: str, key: list[str], columns: list[str]) -> pl.LazyFrame:
    """The latest version of each row that is known at the cut-off."""
    others = [name for name in dict.fromkeys(columns) if name not in key]
    return (
        pl.scan_parquet(given.files(source))
        .filter(pl.col("known_at") <= given.cut_off_at)
        .group_by(key)
        .agg(pl.col(others).max_by(pl.struct(VERSION)))
    )


def minor(column: str) -> pl.Expr:
    """An amount of two decimals in minor units."""
    return pl.col(column).to_physical().cast(pl.Int64)


def quotient(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Rounded down; null where there is nothing to divide by."""
    return numerator // denominator


def bp(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A share in basis points."""
    return quotient(10000 * numerator, denominator)


def total(condition: pl.Expr, value: pl.Expr | None = None) -> pl.Expr:
    """The sum of a value, or the count, over rows of a group for which a condition holds."""
    return condition.sum().cast(pl.Int64) if value is None else value.filter(condition).sum()


def days_ago(given: Given, column: str) -> pl.Expr:
    """Days from a date to the night."""
    return (pl.lit(given.night) - pl.col(column)).dt.total_days()


def window(days: int, until: int = 0, ago: str = "ago") -> pl.Expr:
    """Within the last days up to the night."""
    return (pl.col(ago) >= until) & (pl.col(ago) < days)


def accounts_tonight(given: Given) -> pl.LazyFrame:
    """Tonight's snapshot, with the reference limit and what the status means."""
    return (
        latest(
            given,
            "account_snapshot",
            ["business_date", ACCOUNT],
            [
                CUSTOMER, "status", "product_code", "legal_entity_code", "purpose_code", "channel_code", "opened_date",
                "limit_amount", "principal_balance", "arrears_balance", "income_monthly_amount", "income_as_of_date",
                "raise_consent_code",
            ],
        )
        .filter(pl.col("business_date") == given.night)
        .with_columns(
            minor("limit_amount").alias("limit"),
            minor("principal_balance").alias("principal"),
            minor("arrears_balance").alias("arrears"),
            minor("income_monthly_amount").alias("income"),
            pl.col("status").replace_strict({k: v["is_open"] for k, v in given.statuses.items()}).alias("is_open"),
            pl.col("status").replace_strict({k: v["is_drawable"] for k, v in given.statuses.items()}).alias("is_drawable"),
        )
        .with_columns(pl.max_horizontal("limit", 0).alias("reference"))
        .with_columns((~pl.col("is_open") | (pl.col("reference") == 0)).alias("keeps_limit"))
    )  # fmt: skip


def case_events(given: Given) -> pl.LazyFrame:
    """Cases as they stand tonight; `from` is their own day where none is given."""
    columns = [
        "kind", ACCOUNT, CUSTOMER, "occurred_at", "amount", "from_date", "to_date", "actor", "approver", "outcome", "local_date",
    ]  # fmt: skip
    return latest(given, "case_event", ["event_token"], columns).with_columns(
        minor("amount").alias("amount"),
        pl.col("outcome").fill_null("received"),
        pl.col("from_date").fill_null(pl.col("local_date")).alias("from"),
        (pl.col("from_date").is_not_null() & pl.col("to_date").is_not_null()).alias("is_bounded"),
    )


def customer_features(given: Given, tonight: pl.LazyFrame) -> pl.LazyFrame:
    """One row a customer of tonight: the 44 features, and two facts that no scorecard uses."""
    base = tonight.group_by(CUSTOMER).agg(
        pl.col("reference").sum(), pl.col("principal").sum(), pl.col("arrears").sum(), pl.col("opened_date").min()
    )
    cases = case_events(given)
    families = [
        account_windows(given, base),
        past_due(given, cases),
        applications(given),
        repayments(given, tonight),
        cash_flows(given),
        *security(given, cases, tonight),
        bureau(given),
        related_products(given),
    ]
    joined = base
    for family in families:
        joined = joined.join(family, on=CUSTOMER, how="left")
    return joined.select(CUSTOMER, *published_features(given), "bureau_has_new_default", "suspicious")


def published_features(given: Given) -> list[pl.Expr]:
    """Windows made features: MISSING where a source does not reach back, 0 where a covered source holds nothing."""
    reference = pl.col("reference")
    utilisation = bp(pl.col("balance_30d"), pl.col("nights_30d") * reference)
    utilisation_before = bp(pl.col("balance_90d_before"), pl.col("nights_90d_before") * reference)
    count = {
        "f01_dpd_now": ("dpd_now", "account_snapshot", None),
        "f02_dpd_max_30d": ("dpd_max_30d", "account_snapshot", 30),
        "f03_dpd_max_180d": ("dpd_max_180d", "account_snapshot", 180),
        "f04_overdue_days_90d": ("overdue_days_90d", "account_snapshot", 90),
        "f09_maxed_days_90d": ("maxed_days", "account_snapshot", 90),
        "f12_revolving_days_90d": ("revolving_days", "account_snapshot", 90),
        "f13_small_apps_7d": ("small_7d", "loan_application", 7),
        "f14_apps_30d": ("apps_30d", "loan_application", 30),
        "f15_app_burst_x90": ("burst", "loan_application", 97),
        "f17_distinct_lenders_30d": ("lenders_30d", "loan_application", 30),
        "f18_night_apps_30d": ("night_30d", "loan_application", 30),
        "f22_early_repay_30d": ("early_30d", "instalment", 30),
        "f23_first_payment_default": ("first_default", "instalment", 91),
        "f24_bounced_payments_90d": ("bounced", "instalment", 91),
        "f28_salary_months_90d": ("salary_months", "cash_flow", 90),
        "f30_paid_to_other_lenders_30d_minor": ("repaid_other", "cash_flow", 30),
        "f31_active_days_30d": ("active_30d", "cash_flow", 30),
        "f33_new_devices_7d": ("new_devices", "session", 7),
        "f34_regions_1d": ("regions", "session", 1),
        "f35_failed_logins_1d": ("failed", "session", 1),
        "f37_customers_per_device": ("sharing", "session", 30),
        "f44_profile_changes_30d": ("changes", "profile_change", 30),
    }
    share = {
        "f05_overdue_ratio_bp": (
            bp(pl.col("arrears"), pl.when(pl.col("principal") > 0).then("principal")), "account_snapshot", None
        ),
        "f06_util_bp": (bp(pl.col("principal"), reference), "account_snapshot", None),
        "f07_util_avg_30d_bp": (utilisation, "account_snapshot", 30),
        "f08_util_delta_30v90_bp": (utilisation - utilisation_before, "account_snapshot", 120),
        "f10_balance_growth_30d_bp": (
            bp(pl.col("principal") - pl.col("balance_month_ago"), reference), "account_snapshot", None
        ),
        "f11_tenure_days": (days_ago(given, "opened_date"), "account_snapshot", None),
        "f16_reject_rate_90d_bp": (bp(pl.col("rejected_90d"), pl.col("apps_90d")), "loan_application", 90),
        "f19_late_rate_180d_bp": (bp(pl.col("late_180d"), pl.col("due_180d")), "instalment", 181),
        "f20_avg_days_late_90d": (quotient(pl.col("days_late"), pl.col("due_90d")), "instalment", 91),
        "f21_paid_share_90d_bp": (bp(pl.col("paid_90d"), pl.col("due_amount_90d")), "instalment", 91),
        "f25_inflow_30v90_bp": (bp(pl.col("inflow") * 3, pl.col("inflow_before")), "cash_flow", 120),
        "f26_spend_30v90_bp": (bp(pl.col("spend") * 3, pl.col("spend_before")), "cash_flow", 120),
        "f27_out_in_ratio_30d_bp": (bp(pl.col("outflow"), pl.col("inflow")), "cash_flow", 30),
        "f29_cash_share_30d_bp": (bp(pl.col("withdrawn"), pl.col("outflow")), "cash_flow", 30),
        "f32_activity_drop_x3": (
            pl.col("active_30d").fill_null(0) * 3 - pl.col("active_before").fill_null(0), "cash_flow", 120
        ),
        "f36_proxy_share_7d_bp": (bp(pl.col("proxied"), pl.col("sessions")), "session", 7),
        "f38_bureau_score": (pl.col("score_now"), "bureau_score", None),
        "f39_bureau_score_delta_90d": (pl.col("score_now") - pl.col("score_before"), "bureau_score", None),
        "f40_external_debt_minor": (pl.col("debt"), "bureau_score", None),
        "f41_related_dpd_30d": (pl.col("related_dpd"), "related_product", 30),
        "f42_savings_30d_bp": (bp(pl.col("savings"), pl.col("savings_before")), "related_product", None),
        "f43_days_since_balance": (days_ago(given, "last_balance_date"), "account_snapshot", None),
    }  # fmt: skip
    share |= {name: (pl.col(column).fill_null(0), *rest) for name, (column, *rest) in count.items()}
    return [
        (value if days is None or given.covers(source, days) else pl.lit(None)).cast(pl.Int64).alias(name)
        for name, (value, source, days) in ((name, share[name]) for name in given.features)
    ]


def account_windows(given: Given, base: pl.LazyFrame) -> pl.LazyFrame:
    """Windows over account snapshots; a night is nearly full by the reference limit, on a first night tonight's."""
    balance, near_full = pl.col("balance"), given.parameters["near_full_share_bp"]
    nights = (
        latest(given, "account_snapshot_history", ["business_date", ACCOUNT], [CUSTOMER, "principal_balance"])
        .filter(pl.col("business_date") <= given.night)
        .group_by(CUSTOMER, "business_date")
        .agg(minor("principal_balance").sum().alias("balance"))
        .join(base.select(CUSTOMER, "reference"), on=CUSTOMER)
        .with_columns(days_ago(given, "business_date").alias("ago"))
    )
    is_maxed = (pl.col("reference") > 0) & (balance * 10000 >= pl.col("reference") * near_full)
    month_ago = pl.col("ago").filter(window(60, 30))
    return nights.group_by(CUSTOMER).agg(
        total(window(30), balance).alias("balance_30d"),
        total(window(30)).alias("nights_30d"),
        total(window(120, 30), balance).alias("balance_90d_before"),
        total(window(120, 30)).alias("nights_90d_before"),
        total(is_maxed & window(90)).alias("maxed_days"),
        total((balance > 0) & window(90)).alias("revolving_days"),
        balance.filter(window(60, 30)).min_by(month_ago).alias("balance_month_ago"),
        pl.col("business_date").filter(balance > 0).max().alias("last_balance_date"),
    )


def past_due(given: Given, cases: pl.LazyFrame) -> pl.LazyFrame:
    """Nights past due, net of the days on which a hardship pause ran."""
    overdue = (
        latest(given, "account_snapshot_history", ["business_date", ACCOUNT], [CUSTOMER, "days_past_due"])
        .with_columns(days_ago(given, "business_date").alias("ago"))
        .filter((pl.col("days_past_due") > 0) & window(180))
        # pauses longer ago than this are forgotten
        .with_columns(
            (pl.col("business_date") - pl.duration(days=pl.min_horizontal("days_past_due", 400) - 1)).alias("since")
        )
    )
    first, last = pl.max_horizontal("since", "from"), pl.min_horizontal("business_date", "to")
    paused = (
        overdue.join(paused_periods(given, cases, overdue), on=ACCOUNT)
        .filter((pl.col("from") <= pl.col("business_date")) & (pl.col("to") >= pl.col("since")))
        .group_by(ACCOUNT, "business_date")
        .agg(((last - first).dt.total_days() + 1).sum().alias("paused"))
    )
    return (
        overdue.join(paused, on=[ACCOUNT, "business_date"], how="left")
        .with_columns((pl.col("days_past_due") - pl.col("paused").fill_null(0)).alias("net"))
        .filter(pl.col("net") > 0)
        .group_by(CUSTOMER, "ago")
        .agg(pl.col("net").max())
        .group_by(CUSTOMER)
        .agg(
            pl.col("net").filter(window(1)).max().alias("dpd_now"),
            pl.col("net").filter(window(30)).max().alias("dpd_max_30d"),
            pl.col("net").max().alias("dpd_max_180d"),
            total(window(90)).alias("overdue_days_90d"),
        )
    )


def paused_periods(given: Given, cases: pl.LazyFrame, overdue: pl.LazyFrame) -> pl.LazyFrame:
    """Hardship pauses of accounts past due, parted so that periods of one account do not overlap."""
    pauses = cases.filter((pl.col("kind") == "hardship_pause") & (pl.col("outcome") != "withdrawn")).select(
        ACCOUNT, CUSTOMER, "from", pl.col("to_date").fill_null(given.night).alias("to")
    )
    accounts = overdue.select(ACCOUNT, CUSTOMER).unique()
    of_account = accounts.join(pauses.drop(CUSTOMER), on=ACCOUNT)
    of_customer = accounts.join(pauses.filter(pl.col(ACCOUNT).is_null()).drop(ACCOUNT), on=CUSTOMER)
    order = ["from", "to"]
    return (
        pl.concat([of_account.select(ACCOUNT, *order), of_customer.select(ACCOUNT, *order)])
        .filter(pl.col("from") <= pl.col("to"))
        .sort(ACCOUNT, *order)
        .with_columns(pl.col("to").cum_max().shift(1).over(ACCOUNT).alias("paused_until"))
        .with_columns(pl.max_horizontal("from", pl.col("paused_until") + pl.duration(days=1)).alias("from"))
        .filter(pl.col("from") <= pl.col("to"))
        .select(ACCOUNT, *order)
    )


def applications(given: Given) -> pl.LazyFrame:
    """Loan applications, here and elsewhere."""
    columns = [CUSTOMER, "local_date", "local_hour", "amount", "lender_id", "outcome"]
    at_night = pl.col("local_hour").is_between(given.parameters["night_from_hour"], given.parameters["night_to_hour"])
    is_small = minor("amount") <= given.parameters["small_application_amount_minor"]
    return (
        latest(given, "loan_application", ["event_token"], columns)
        .with_columns(days_ago(given, "local_date").alias("ago"))
        .filter(window(97))
        .group_by(CUSTOMER)
        .agg(
            total(window(7) & is_small).alias("small_7d"),
            total(window(30)).alias("apps_30d"),
            (90 * total(window(7)) - 7 * total(window(97, 7))).alias("burst"),
            total(window(90) & (pl.col("outcome") == "rejected")).alias("rejected_90d"),
            total(window(90)).alias("apps_90d"),
            pl.col("lender_id").filter(window(30)).drop_nulls().n_unique().alias("lenders_30d"),
            total(window(30) & at_night).alias("night_30d"),
        )
    )


def repayments(given: Given, tonight: pl.LazyFrame) -> pl.LazyFrame:
    """How instalments were paid; a payment after tonight is not known yet."""
    columns = [ACCOUNT, "instalment_no", "due_date", "due_amount", "paid_date", "paid_amount", "is_reversed"]
    is_paid, in_91d = pl.col("paid_date") <= given.night, window(91)
    days_late = days_ago(given, "due_date") - pl.col("paid_ago").fill_null(0)
    return (
        latest(given, "instalment", ["instalment_token"], columns)
        .join(tonight.select(ACCOUNT, CUSTOMER), on=ACCOUNT)
        .with_columns(
            days_ago(given, "due_date").alias("ago"),
            pl.when(is_paid).then(days_ago(given, "paid_date")).alias("paid_ago"),
            pl.when(pl.col("paid_date") > given.night).then(0).otherwise(minor("paid_amount").fill_null(0)).alias("paid"),
            minor("due_amount").alias("due"),
        )
        .group_by(CUSTOMER)
        .agg(
            total(window(181)).alias("due_180d"),
            total(window(181) & (pl.col("paid_ago").is_null() | (pl.col("paid_ago") < pl.col("ago")))).alias("late_180d"),
            total(in_91d).alias("due_90d"),
            total(in_91d, days_late.clip(lower_bound=0)).alias("days_late"),
            total(in_91d, pl.min_horizontal("paid", "due")).alias("paid_90d"),
            total(in_91d, pl.col("due")).alias("due_amount_90d"),
            total(
                window(30, ago="paid_ago") & (pl.col("paid_ago") - pl.col("ago") > given.parameters["early_repayment_days"])
            ).alias("early_30d"),
            total(
                (pl.col("instalment_no") == 1) & in_91d & (days_late > given.parameters["first_payment_grace_days"])
            ).alias("first_default"),
            total(in_91d & pl.col("is_reversed")).alias("bounced"),
        )
    )  # fmt: skip


def cash_flows(given: Given) -> pl.LazyFrame:
    """Income, spending and activity."""
    kind, incoming, amount = pl.col("kind"), pl.col("direction") == "in", pl.col("minor")
    date = pl.col("flow_date")
    return (
        latest(given, "cash_flow", [CUSTOMER, "flow_date", "direction", "kind"], ["amount"])
        .with_columns(days_ago(given, "flow_date").alias("ago"), minor("amount").alias("minor"))
        .group_by(CUSTOMER)
        .agg(
            total(incoming & window(30), amount).alias("inflow"),
            total(incoming & window(120, 30), amount).alias("inflow_before"),
            total((pl.col("direction") == "out") & window(30), amount).alias("outflow"),
            total((kind == "consume") & window(30), amount).alias("spend"),
            total((kind == "consume") & window(120, 30), amount).alias("spend_before"),
            (date.dt.year().cast(pl.Int32) * 12 + date.dt.month())
            .filter((kind == "salary") & window(90))
            .n_unique()
            .alias("salary_months"),
            total((kind == "withdraw") & window(30), amount).alias("withdrawn"),
            total((kind == "repay_other") & window(30), amount).alias("repaid_other"),
            pl.col("ago").filter(window(30)).n_unique().cast(pl.Int64).alias("active_30d"),
            pl.col("ago").filter(window(120, 30)).n_unique().cast(pl.Int64).alias("active_before"),
        )
    )


def security(given: Given, cases: pl.LazyFrame, tonight: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Devices, addresses and profile; what happened before the customer was last verified counts no more."""
    verified = (
        cases.filter(pl.col("kind") == "step_up_verified")
        .join(tonight.select(ACCOUNT, pl.col(CUSTOMER).alias("holder")), on=ACCOUNT, how="left")
        .group_by(pl.col(CUSTOMER).fill_null(pl.col("holder")))
        .agg(pl.col("occurred_at").max().alias("verified_at"))
    )
    columns = [CUSTOMER, "occurred_at", "device_token", "region_token", "is_proxy", "succeeded", "local_date"]
    # asked five times below, so held once
    events = latest(given, "session", ["event_token"], columns).collect(engine="streaming").lazy()
    sessions = events.join(verified, on=CUSTOMER, how="left").with_columns(
        days_ago(given, "local_date").alias("ago"),
        (pl.col("verified_at").is_null() | (pl.col("occurred_at") > pl.col("verified_at"))).alias("is_open"),
    )
    changes = (
        latest(given, "profile_change", ["event_token"], [CUSTOMER, "changed_at", "local_date"])
        .join(verified, on=CUSTOMER, how="left")
        .filter(pl.col("verified_at").is_null() | (pl.col("changed_at") > pl.col("verified_at")))
        .with_columns(days_ago(given, "local_date").alias("ago"))
    )
    appearances = new_devices(given, sessions, verified)
    is_new = pl.col("first_at").is_not_null()
    suspects = sessions.filter(window(1) & pl.col("is_open")).join(
        appearances.with_columns(pl.col("first_at").alias("occurred_at")).select(
            CUSTOMER, "device_token", "occurred_at", "first_at"
        ),
        on=[CUSTOMER, "device_token", "occurred_at"],
        how="left",
    )
    suspicions = (
        pl.concat(
            [
                suspects.filter(~pl.col("succeeded") | pl.col("is_proxy") | is_new).select(CUSTOMER),
                changes.filter(window(1)).select(CUSTOMER),
            ]
        )
        .group_by(CUSTOMER)
        .agg(pl.len().cast(pl.Int64).alias("suspicious"))
    )
    return [
        sessions.filter(window(7) & pl.col("is_open"))
        .group_by(CUSTOMER)
        .agg(
            pl.col("region_token").filter(window(1)).drop_nulls().n_unique().alias("regions"),
            total(window(1) & ~pl.col("succeeded")).alias("failed"),
            total(pl.col("is_proxy")).alias("proxied"),
            pl.len().cast(pl.Int64).alias("sessions"),
        ),
        appearances.filter(window(7)).group_by(CUSTOMER).agg(pl.col("device_token").n_unique().alias("new_devices")),
        shared_devices(sessions),
        suspicions,
        changes.filter(window(30)).group_by(CUSTOMER).agg(pl.len().alias("changes")),
    ]


def new_devices(given: Given, sessions: pl.LazyFrame, verified: pl.LazyFrame) -> pl.LazyFrame:
    """Days on which a customer used a device for the first time, or again after it was forgotten."""
    device = [CUSTOMER, "device_token"]
    since = pl.col("ago").shift(1).over(device) - pl.col("ago")
    return (
        sessions.filter(pl.col("ago") >= 0)
        .group_by(*device, "ago")
        .agg(pl.col("occurred_at").min().alias("first_at"))
        .sort(*device, "ago", descending=[False, False, True])
        .filter(since.is_null() | (since > given.parameters["device_memory_days"]))
        .join(verified, on=CUSTOMER, how="left")
        .filter(pl.col("verified_at").is_null() | (pl.col("first_at") > pl.col("verified_at")))
    )


def shared_devices(sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Customers on the busiest device of each customer."""
    pairs = sessions.filter(window(30)).select(CUSTOMER, "device_token").unique()
    return (
        pairs.join(pairs.group_by("device_token").agg(pl.len().alias("sharing")), on="device_token")
        .group_by(CUSTOMER)
        .agg(pl.col("sharing").max())
    )


def bureau(given: Given) -> pl.LazyFrame:
    """The outside score and debt, and a new default with another lender."""
    at, is_old = pl.col("ago"), pl.col("ago") >= given.parameters["bureau_lag_days"]

    def newest(value: pl.Expr, among: pl.Expr) -> pl.Expr:
        known = among & value.is_not_null()
        return value.filter(known).min_by(at.filter(known))

    columns = ["score", "external_debt_amount", "has_new_default"]
    return (
        latest(given, "bureau_score", [CUSTOMER, "observed_date"], columns)
        .with_columns(days_ago(given, "observed_date").alias("ago"), minor("external_debt_amount").alias("debt"))
        .filter(window(400))
        .group_by(CUSTOMER)
        .agg(
            newest(pl.col("score"), pl.lit(True)).alias("score_now"),
            newest(pl.col("score"), is_old).alias("score_before"),
            newest(pl.col("debt"), pl.lit(True)).alias("debt"),
            newest(pl.col("has_new_default").fill_null(False).cast(pl.Int64), pl.lit(True)).alias(
                "bureau_has_new_default"
            ),
        )
    )


def related_products(given: Given) -> pl.LazyFrame:
    """Arrears and savings with related products, by the night that delivered them."""
    role, savings = pl.col("product_code").replace_strict(given.roles, default=None), pl.col("savings")
    key = ["business_date", CUSTOMER, "product_code"]
    is_month_ago = window(60, 30) & savings.is_not_null()
    return (
        latest(given, "related_product", key, ["balance", "days_past_due"])
        .with_columns(days_ago(given, "business_date").alias("ago"))
        .filter((pl.col("ago") >= 0) & role.is_not_null())
        .group_by(CUSTOMER, "ago")
        .agg(
            pl.col("days_past_due").filter(role == "credit").max().alias("dpd"),
            pl.when((role == "savings").any()).then(minor("balance").filter(role == "savings").sum()).alias("savings"),
        )
        .group_by(CUSTOMER)
        .agg(
            pl.col("dpd").filter(window(30)).max().alias("related_dpd"),
            savings.filter(window(1)).max().alias("savings"),
            savings.filter(is_month_ago).min_by(pl.col("ago").filter(is_month_ago)).alias("savings_before"),
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
