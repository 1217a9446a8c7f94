"""Spark: DataFrames and SQL expressions on `local[2]`. `python -m peers.spark_peer WORKLOAD RESULT`."""

from __future__ import annotations

import sys
from pathlib import Path

import pyspark
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from peers.given import Given
from peers.measure import Stages, peak_rss_bytes, report
from peers.spark_decision import decide
from peers.spark_words import ACCOUNT, CUSTOMER, bp, minor, quotient, within

VERSION = ["known_at", "batch_id", "source_row"]
SETTINGS = {
    "spark.driver.memory": "8g",
    "spark.sql.shuffle.partitions": "4",
    # plans of small partitions: looking at each stage again costs more than it finds, at 2,000 accounts and at 100,000
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


def main(workload: Path, result: Path) -> None:
    """Write both tables and report."""
    builder = SparkSession.builder.master("local[2]").appName("peers")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    stages = Stages()
    given = Given(workload)
    night = Night(spark, given)
    night.tonight.count()
    stages.end("read")
    features = customer_features(night).cache()
    features.count()
    stages.end("features")
    customers, accounts = decide(spark, given, features, night.tonight, night.cases)
    accounts.cache().count()
    stages.end("decision")
    columns = [CUSTOMER, *given.features, "score", "band", "own_multiplier_bp"]
    write(customers.select(columns), CUSTOMER, result / "customers.parquet")
    write(accounts, ACCOUNT, result / "accounts.parquet")
    stages.end("write")
    peak = peak_rss_bytes() + peak_rss_bytes(str(spark.sparkContext._gateway.proc.pid))
    report(stages, {"spark": pyspark.__version__}, peak)
    spark.stop()


def write(rows: DataFrame, key: str, file: Path) -> None:
    """One file in the order of the key, where Spark would leave a folder of them."""
    folder = file.with_suffix(".parts")
    rows.coalesce(1).sortWithinPartitions(key).write.parquet(str(folder))
    (part,) = folder.glob("part-*.parquet")
    part.rename(file)


class Night:
    """The night's sources as frames."""

    def __init__(self, spark: SparkSession, given: Given) -> None:
        self.spark, self.given = spark, given
        self.tonight = self._accounts_tonight().cache()
        self.cases = self._case_events().cache()

    def latest(self, source: str, key: list[str], columns: list[str]) -> DataFrame:
        """The latest version of each row that is known at the cut-off."""
        newest_first = Window.partitionBy(*key).orderBy(*(F.desc(name) for name in VERSION))
        return (
            self.spark.read.parquet(*self.given.files(source))
            .select(*dict.fromkeys([*key, *columns, *VERSION]))
            .where(F.col("known_at") <= F.lit(self.given.cut_off_at).cast("timestamp_ntz"))
            .withColumn("version_rank", F.row_number().over(newest_first))
            .where("version_rank = 1")
            .drop("version_rank", *VERSION)
        )

    def ago(self, column: str) -> str:
        """Days from a date to the night, as SQL."""
        return f"cast(datediff(date '{self.given.night}', {column}) as bigint)"

    def events(self, source: str, key: list[str], columns: list[str], day: str) -> DataFrame:
        """The latest versions with the days to the night."""
        return self.latest(source, key, [*columns, day]).withColumn("ago", F.expr(self.ago(day)))

    def _accounts_tonight(self) -> DataFrame:
        columns = [
            CUSTOMER, "status", "product_code", "legal_entity_code", "purpose_code", "channel_code", "opened_date",
            "limit_amount", "principal_balance", "arrears_balance", "income_monthly_amount", "income_as_of_date",
            "raise_consent_code",
        ]  # fmt: skip
        open_codes, drawable_codes = (
            [status for status, row in self.given.statuses.items() if row[meaning]]
            for meaning in ("is_open", "is_drawable")
        )
        return (
            self.latest("account_snapshot", ["business_date", ACCOUNT], columns)
            .where(F.col("business_date") == F.lit(self.given.night))
            .selectExpr(
                ACCOUNT, CUSTOMER, *columns[2:7], "income_as_of_date", "raise_consent_code",
                f"{minor('limit_amount')} as limit_minor",
                f"{minor('principal_balance')} as principal",
                f"{minor('arrears_balance')} as arrears",
                f"{minor('income_monthly_amount')} as income",
                f"status in ({', '.join(map(repr, open_codes))}) as is_open",
                f"status in ({', '.join(map(repr, drawable_codes))}) as is_drawable",
            )
            .withColumn("reference", F.expr("greatest(limit_minor, 0)"))
            .withColumn("keeps_limit", F.expr("not is_open or reference = 0"))
        )  # fmt: skip

    def _case_events(self) -> DataFrame:
        columns = [
            "kind", ACCOUNT, CUSTOMER, "occurred_at", "amount", "from_date", "to_date", "actor", "approver", "outcome",
            "local_date",
        ]  # fmt: skip
        return self.latest("case_event", ["event_token"], columns).withColumns(
            {
                "amount": F.expr(minor("amount")),
                "outcome": F.expr("coalesce(outcome, 'received')"),
                "starts": F.expr("coalesce(from_date, local_date)"),
                "is_bounded": F.expr("from_date is not null and to_date is not null"),
            }
        )


def total(condition: str, value: str = "1") -> str:
    """The sum of a value, or the count, over rows for which a condition holds, as SQL."""
    return f"coalesce(sum({value}) filter (where {condition}), 0)"


def distinct(condition: str, value: str) -> str:
    """How many values the rows have for which a condition holds, as SQL; counted in one pass, unlike a distinct count."""
    return f"cast(size(collect_set({value}) filter (where {condition})) as bigint)"


def windows(rows: DataFrame, **aggregates: str) -> DataFrame:
    """Aggregates by customer."""
    return rows.groupBy(CUSTOMER).agg(*(F.expr(sql).alias(name) for name, sql in aggregates.items()))


def customer_features(night: Night) -> DataFrame:
    """One row a customer of tonight: the 44 features, and two facts that no scorecard uses."""
    base = windows(
        night.tonight,
        reference="sum(reference)",
        principal="sum(principal)",
        arrears="sum(arrears)",
        opened_date="min(opened_date)",
    ).cache()
    families = [
        account_windows(night, base),
        past_due(night),
        applications(night),
        repayments(night),
        cash_flows(night),
        *security(night),
        bureau(night),
        related_products(night),
    ]
    joined = base
    for family in families:
        joined = joined.join(family, CUSTOMER, "left")
    given = night.given
    is_seen = given.covers("session", 1) or given.covers("profile_change", 1)
    return joined.selectExpr(
        CUSTOMER,
        *published_features(night),
        "bureau_has_new_default",
        f"if({is_seen}, coalesce(events, 0) + coalesce(changes_1d, 0), null) as suspicious",
    )


def published_features(night: Night) -> list[str]:
    """Windows made features: MISSING where a source does not reach back, 0 where a covered source holds nothing."""
    utilisation = bp("balance_30d", "nights_30d * reference")
    utilisation_before = bp("balance_90d_before", "nights_90d_before * reference")
    sources = {
        "account_snapshot": {
            "f01_dpd_now": (None, "coalesce(dpd_now, 0)"),
            "f02_dpd_max_30d": (30, "coalesce(dpd_max_30d, 0)"),
            "f03_dpd_max_180d": (180, "coalesce(dpd_max_180d, 0)"),
            "f04_overdue_days_90d": (90, "coalesce(overdue_days_90d, 0)"),
            "f05_overdue_ratio_bp": (None, bp("arrears", "greatest(principal, 0)")),
            "f06_util_bp": (None, bp("principal", "reference")),
            "f07_util_avg_30d_bp": (30, utilisation),
            "f08_util_delta_30v90_bp": (120, f"{utilisation} - {utilisation_before}"),
            "f09_maxed_days_90d": (90, "maxed_days"),
            "f10_balance_growth_30d_bp": (None, bp("principal - balance_month_ago", "reference")),
            "f11_tenure_days": (None, night.ago("opened_date")),
            "f12_revolving_days_90d": (90, "revolving_days"),
            "f43_days_since_balance": (None, "days_since_balance"),
        },
        "loan_application": {
            "f13_small_apps_7d": (7, "coalesce(small_7d, 0)"),
            "f14_apps_30d": (30, "coalesce(apps_30d, 0)"),
            "f15_app_burst_x90": (97, "coalesce(burst, 0)"),
            "f16_reject_rate_90d_bp": (90, bp("rejected_90d", "apps_90d")),
            "f17_distinct_lenders_30d": (30, "coalesce(lenders_30d, 0)"),
            "f18_night_apps_30d": (30, "coalesce(night_30d, 0)"),
        },
        "instalment": {
            "f19_late_rate_180d_bp": (181, bp("late_180d", "due_180d")),
            "f20_avg_days_late_90d": (91, quotient("days_late", "due_90d")),
            "f21_paid_share_90d_bp": (91, bp("paid_90d", "due_amount_90d")),
            "f22_early_repay_30d": (30, "coalesce(early_30d, 0)"),
            "f23_first_payment_default": (91, "coalesce(first_default, 0)"),
            "f24_bounced_payments_90d": (91, "coalesce(bounced, 0)"),
        },
        "cash_flow": {
            "f25_inflow_30v90_bp": (120, bp("inflow * 3", "inflow_before")),
            "f26_spend_30v90_bp": (120, bp("spend * 3", "spend_before")),
            "f27_out_in_ratio_30d_bp": (30, bp("outflow", "inflow")),
            "f28_salary_months_90d": (90, "coalesce(salary_months, 0)"),
            "f29_cash_share_30d_bp": (30, bp("withdrawn", "outflow")),
            "f30_paid_to_other_lenders_30d_minor": (30, "coalesce(repaid_other, 0)"),
            "f31_active_days_30d": (30, "coalesce(active_30d, 0)"),
            "f32_activity_drop_x3": (120, "coalesce(active_30d, 0) * 3 - coalesce(active_before, 0)"),
        },
        "session": {
            "f33_new_devices_7d": (7, "coalesce(new_devices, 0)"),
            "f34_regions_1d": (1, "coalesce(regions, 0)"),
            "f35_failed_logins_1d": (1, "coalesce(failed, 0)"),
            "f36_proxy_share_7d_bp": (7, bp("proxied", "sessions")),
            "f37_customers_per_device": (30, "coalesce(sharing, 0)"),
        },
        "bureau_score": {
            "f38_bureau_score": (None, "score_now"),
            "f39_bureau_score_delta_90d": (None, "score_now - score_before"),
            "f40_external_debt_minor": (None, "debt"),
        },
        "related_product": {
            "f41_related_dpd_30d": (30, "related_dpd"),
            "f42_savings_30d_bp": (None, bp("savings_now", "savings_before")),
        },
        "profile_change": {"f44_profile_changes_30d": (30, "coalesce(changes_30d, 0)")},
    }
    sql = {
        name: value if days is None or night.given.covers(source, days) else "null"
        for source, features in sources.items()
        for name, (days, value) in features.items()
    }
    return [f"cast({sql[name]} as bigint) as {name}" for name in night.given.features]


def account_windows(night: Night, base: DataFrame) -> DataFrame:
    """Windows over account snapshots; a night is nearly full by the reference limit, on a first night tonight's."""
    near_full = night.given.parameters["near_full_share_bp"]
    nights = (
        night.events(
            "account_snapshot_history", ["business_date", ACCOUNT], [CUSTOMER, "principal_balance"], "business_date"
        )
        .where("ago >= 0")
        .groupBy(CUSTOMER, "ago")
        .agg(F.expr(f"sum({minor('principal_balance')})").alias("balance"))
        .join(base.select(CUSTOMER, "reference"), CUSTOMER)
    )
    is_maxed = f"reference > 0 and balance * 10000 >= reference * {near_full}"
    return windows(
        nights,
        balance_30d=total(within(30), "balance"),
        nights_30d=total(within(30)),
        balance_90d_before=total(within(120, 30), "balance"),
        nights_90d_before=total(within(120, 30)),
        maxed_days=total(f"{is_maxed} and {within(90)}"),
        revolving_days=total(f"balance > 0 and {within(90)}"),
        balance_month_ago=f"min_by(balance, ago) filter (where {within(60, 30)})",
        days_since_balance="min(ago) filter (where balance > 0)",
    )


def past_due(night: Night) -> DataFrame:
    """Nights past due, net of the days on which a hardship pause ran."""
    overdue = (
        night.events(
            "account_snapshot_history", ["business_date", ACCOUNT], [CUSTOMER, "days_past_due"], "business_date"
        )
        .where(f"days_past_due > 0 and {within(180)}")
        # pauses longer ago than this are forgotten
        .withColumn("since", F.expr("date_add(business_date, cast(1 - least(days_past_due, 400) as int))"))
    )
    paused = (
        overdue.join(paused_periods(night, overdue), ACCOUNT)
        .where("starts <= business_date and ends >= since")
        .groupBy(ACCOUNT, "business_date")
        .agg(F.expr("sum(1 + datediff(least(business_date, ends), greatest(since, starts)))").alias("paused"))
    )
    net = (
        overdue.join(paused, [ACCOUNT, "business_date"], "left")
        .withColumn("net", F.expr("days_past_due - coalesce(paused, 0)"))
        .where("net > 0")
        .groupBy(CUSTOMER, "ago")
        .agg(F.max("net").alias("net"))
    )
    return windows(
        net,
        dpd_now=f"max(net) filter (where {within(1)})",
        dpd_max_30d=f"max(net) filter (where {within(30)})",
        dpd_max_180d="max(net)",
        overdue_days_90d=total(within(90)),
    )


def paused_periods(night: Night, overdue: DataFrame) -> DataFrame:
    """Hardship pauses of accounts past due, parted so that periods of one account do not overlap."""
    pauses = night.cases.where("kind = 'hardship_pause' and outcome <> 'withdrawn'").selectExpr(
        ACCOUNT, CUSTOMER, "starts", f"coalesce(to_date, date '{night.given.night}') as ends"
    )
    accounts = overdue.select(ACCOUNT, CUSTOMER).distinct()
    columns = [ACCOUNT, "starts", "ends"]
    of_account = accounts.join(pauses.drop(CUSTOMER), ACCOUNT).select(columns)
    of_customer = accounts.join(pauses.where(f"{ACCOUNT} is null").drop(ACCOUNT), CUSTOMER).select(columns)
    before = Window.partitionBy(ACCOUNT).orderBy("starts", "ends").rowsBetween(Window.unboundedPreceding, -1)
    return (
        of_account.union(of_customer)
        .where("starts <= ends")
        .withColumn("until", F.max("ends").over(before))
        .withColumn("starts", F.expr("greatest(starts, date_add(until, 1))"))
        .where("starts <= ends")
        .select(columns)
    )


def applications(night: Night) -> DataFrame:
    """Loan applications, here and elsewhere."""
    parameters = night.given.parameters
    columns = [CUSTOMER, "local_hour", "amount", "lender_id", "outcome"]
    is_small = f"{minor('amount')} <= {parameters['small_application_amount_minor']}"
    at_night = f"local_hour between {parameters['night_from_hour']} and {parameters['night_to_hour']}"
    return windows(
        night.events("loan_application", ["event_token"], columns, "local_date").where(within(97)),
        small_7d=total(f"{within(7)} and {is_small}"),
        apps_30d=total(within(30)),
        burst=f"90 * {total(within(7))} - 7 * {total(within(97, 7))}",
        rejected_90d=total(f"{within(90)} and outcome = 'rejected'"),
        apps_90d=total(within(90)),
        lenders_30d=distinct(within(30), "lender_id"),
        night_30d=total(f"{within(30)} and {at_night}"),
    )


def repayments(night: Night) -> DataFrame:
    """How instalments were paid; a payment after tonight is not known yet."""
    given = night.given
    columns = [ACCOUNT, "instalment_no", "due_amount", "paid_date", "paid_amount", "is_reversed"]
    rows = (
        night.events("instalment", ["instalment_token"], columns, "due_date")
        .join(night.tonight.select(ACCOUNT, CUSTOMER), ACCOUNT)
        .selectExpr(
            CUSTOMER,
            "ago",
            "instalment_no",
            "is_reversed",
            f"if(paid_date <= date '{given.night}', {night.ago('paid_date')}, null) as paid_ago",
            f"if(paid_date > date '{given.night}', 0, coalesce({minor('paid_amount')}, 0)) as paid",
            f"{minor('due_amount')} as due",
        )
        .withColumn("days_late", F.expr("ago - coalesce(paid_ago, 0)"))
    )
    early = f"{within(30, ago='paid_ago')} and paid_ago - ago > {given.parameters['early_repayment_days']}"
    default = f"instalment_no = 1 and {within(91)} and days_late > {given.parameters['first_payment_grace_days']}"
    return windows(
        rows,
        due_180d=total(within(181)),
        late_180d=total(f"{within(181)} and (paid_ago is null or paid_ago < ago)"),
        due_90d=total(within(91)),
        days_late=total(within(91), "greatest(days_late, 0)"),
        paid_90d=total(within(91), "least(paid, due)"),
        due_amount_90d=total(within(91), "due"),
        early_30d=total(early),
        first_default=total(default),
        bounced=total(f"{within(91)} and is_reversed"),
    )


def cash_flows(night: Night) -> DataFrame:
    """Income, spending and activity; summed by day first, so that every active day is one row."""
    rows = night.events("cash_flow", [CUSTOMER, "flow_date", "direction", "kind"], ["amount"], "flow_date")
    sums = {
        "incoming": "direction = 'in'",
        "outgoing": "direction = 'out'",
        "spent": "kind = 'consume'",
        "withdrawn": "kind = 'withdraw'",
        "repaid": "kind = 'repay_other'",
    }
    days = (
        rows.where(within(120))
        .groupBy(CUSTOMER, "ago", "flow_date")
        .agg(
            *(F.expr(total(condition, minor("amount"))).alias(name) for name, condition in sums.items()),
            F.expr("bool_or(kind = 'salary')").alias("has_salary"),
        )
    )
    return windows(
        days,
        inflow=total(within(30), "incoming"),
        inflow_before=total(within(120, 30), "incoming"),
        outflow=total(within(30), "outgoing"),
        spend=total(within(30), "spent"),
        spend_before=total(within(120, 30), "spent"),
        salary_months=distinct(f"has_salary and {within(90)}", "year(flow_date) * 12 + month(flow_date)"),
        withdrawn=total(within(30), "withdrawn"),
        repaid_other=total(within(30), "repaid"),
        active_30d=total(within(30)),
        active_before=total(within(120, 30)),
    )


def security(night: Night) -> list[DataFrame]:
    """Devices, addresses and profile; what happened before the customer was last verified counts no more."""
    holders = night.tonight.select(ACCOUNT, F.col(CUSTOMER).alias("holder"))
    verified = (
        night.cases.where("kind = 'step_up_verified'")
        .join(holders, ACCOUNT, "left")
        .withColumn(CUSTOMER, F.expr(f"coalesce({CUSTOMER}, holder)"))
        .groupBy(CUSTOMER)
        .agg(F.max("occurred_at").alias("verified_at"))
    )
    columns = [CUSTOMER, "occurred_at", "device_token", "region_token", "is_proxy", "succeeded"]
    sessions = (
        night.events("session", ["event_token"], columns, "local_date")
        .join(F.broadcast(verified), CUSTOMER, "left")
        .withColumn("is_open", F.expr("verified_at is null or occurred_at > verified_at"))
        .cache()
    )
    changes = (
        night.events("profile_change", ["event_token"], [CUSTOMER, "changed_at"], "local_date")
        .join(F.broadcast(verified), CUSTOMER, "left")
        .where("verified_at is null or changed_at > verified_at")
    )
    device = [CUSTOMER, "device_token"]
    newest_last = Window.partitionBy(*device).orderBy(F.desc("ago"))
    appearances = (
        sessions.where("ago >= 0")
        .groupBy(*device, "ago", "verified_at")
        .agg(F.min("occurred_at").alias("first_at"))
        .withColumn("since", F.lag("ago").over(newest_last) - F.col("ago"))
        .where(f"since is null or since > {night.given.parameters['device_memory_days']}")
        .where("verified_at is null or first_at > verified_at")
    )
    firsts = appearances.select(*device, F.col("first_at").alias("occurred_at"), F.lit(True).alias("is_first"))
    seen = sessions.where(f"is_open and {within(7)}").join(firsts, [*device, "occurred_at"], "left")
    pairs = sessions.where(within(30)).select(device).distinct()
    sharing = pairs.join(pairs.groupBy("device_token").agg(F.count("*").alias("sharing")), "device_token")
    return [
        windows(
            seen,
            regions=distinct(within(1), "region_token"),
            failed=total(f"{within(1)} and not succeeded"),
            proxied=total("is_proxy"),
            sessions=total("true"),
            events=total(f"{within(1)} and (not succeeded or is_proxy or is_first is not null)"),
        ),
        windows(appearances, new_devices=distinct(within(7), "device_token")),
        windows(sharing, sharing="max(sharing)"),
        windows(changes, changes_1d=total(within(1)), changes_30d=total(within(30))),
    ]


def bureau(night: Night) -> DataFrame:
    """The outside score and debt, and a new default with another lender."""
    columns = ["score", "external_debt_amount", "has_new_default"]
    rows = night.events("bureau_score", [CUSTOMER, "observed_date"], columns, "observed_date").where(within(400))
    lag, debt = night.given.parameters["bureau_lag_days"], minor("external_debt_amount")
    return windows(
        rows,
        score_now="min_by(score, ago) filter (where score is not null)",
        score_before=f"min_by(score, ago) filter (where score is not null and ago >= {lag})",
        debt=f"min_by({debt}, ago) filter (where external_debt_amount is not null)",
        bureau_has_new_default="min_by(if(has_new_default, 1, 0), ago)",
    )


def related_products(night: Night) -> DataFrame:
    """Arrears and savings with related products, by the night that delivered them."""
    codes = {
        role: ", ".join(repr(code) for code, of in night.given.roles.items() if of == role)
        for role in ("credit", "savings")
    }
    rows = night.events(
        "related_product", ["business_date", CUSTOMER, "product_code"], ["balance", "days_past_due"], "business_date"
    )
    days = (
        rows.where("ago >= 0")
        .groupBy(CUSTOMER, "ago")
        .agg(
            F.expr(f"max(days_past_due) filter (where product_code in ({codes['credit']}))").alias("dpd"),
            F.expr(f"sum({minor('balance')}) filter (where product_code in ({codes['savings']}))").alias("savings"),
        )
    )
    return windows(
        days,
        related_dpd=f"max(dpd) filter (where {within(30)})",
        savings_now=f"max(savings) filter (where {within(1)})",
        savings_before=f"min_by(savings, ago) filter (where savings is not null and {within(60, 30)})",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
