"""pandas: frames of the columns needed, read with PyArrow. `python -m peers.pandas_peer WORKLOAD RESULT`.

Dates are whole days, instants microseconds, amounts minor units and tokens codes, all integers: what pandas groups fastest.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from peers.given import Given
from peers.measure import Stages, peak_rss_bytes, report
from peers.pandas_decision import decide

VERSION = ["known_at", "batch_id", "source_row"]
CUSTOMER, ACCOUNT = "customer_key", "account_key"
NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}
EPOCH = date(1970, 1, 1)


def main(workload: Path, result: Path) -> None:
    """Write both tables and report."""
    stages = Stages()
    given = Given(workload)
    tonight = accounts_tonight(given)
    cases = case_events(given)
    stages.end("read")
    features = customer_features(given, tonight, cases)
    stages.end("features")
    customers, accounts = decide(given, night_day(given), features, tonight, cases)
    stages.end("decision")
    columns = [*given.features, "score", "band", "own_multiplier_bp"]
    customers[columns].reset_index().to_parquet(result / "customers.parquet", index=False)
    accounts.to_parquet(result / "accounts.parquet", index=False)
    stages.end("write")
    report(stages, {"pandas": pd.__version__, "numpy": np.__version__}, peak_rss_bytes())


def night_day(given: Given) -> int:
    """The night as a number of days."""
    return (given.night - EPOCH).days


def latest(given: Given, source: str, key: list[str], columns: list[str]) -> pd.DataFrame:
    """The latest version of each row that is known at the cut-off."""
    table = pq.read_table(
        given.files(source),
        columns=list(dict.fromkeys([*key, *columns, *VERSION])),
        partitioning=None,
        filters=pc.field("known_at") <= pa.scalar(given.cut_off_at),
    )
    frame = pd.DataFrame({name: series(name, table.column(name)) for name in table.column_names}, copy=False)
    batches = frame["batch_id"].cat.set_categories(sorted(frame["batch_id"].cat.categories)).cat.codes
    order = np.lexsort((frame["source_row"], batches, frame["known_at"]))
    if (np.diff(order) != 1).any():
        frame = frame.iloc[order]
    return frame.drop(columns=VERSION).drop_duplicates(key, keep="last")


def series(name: str, values: pa.ChunkedArray) -> pd.Series:
    """A column as integers, booleans, or categories of texts; with a mask only where something is missing."""
    if pa.types.is_decimal(values.type):
        values = pc.multiply(values, pa.scalar(100)).cast(pa.int64())
    elif pa.types.is_date32(values.type):
        values = values.cast(pa.int32()).cast(pa.int64())
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us")).cast(pa.int64())
    elif pa.types.is_string(values.type):
        values = values.combine_chunks().dictionary_encode()
        values = values.indices if name.endswith("_token") else values
    return values.to_pandas(types_mapper=NULLABLE.get if values.null_count else None)


def accounts_tonight(given: Given) -> pd.DataFrame:
    """Tonight's snapshot in the order of the account keys, with the reference limit and what the status means."""
    columns = [
        CUSTOMER, "status", "product_code", "legal_entity_code", "purpose_code", "channel_code", "opened_date",
        "limit_amount", "principal_balance", "arrears_balance", "income_monthly_amount", "income_as_of_date",
        "raise_consent_code",
    ]  # fmt: skip
    frame = latest(given, "account_snapshot", ["business_date", ACCOUNT], columns)
    frame = frame[frame["business_date"] == night_day(given)].sort_values(ACCOUNT, ignore_index=True)
    frame = frame.rename(
        columns={
            "limit_amount": "limit",
            "principal_balance": "principal",
            "arrears_balance": "arrears",
            "income_monthly_amount": "income",
        }
    )
    frame["reference"] = frame["limit"].clip(lower=0)
    for meaning in ("is_open", "is_drawable"):
        meanings = {name: row[meaning] for name, row in given.statuses.items()}
        frame[meaning] = frame["status"].astype(object).map(meanings).astype(bool)
    frame["keeps_limit"] = ~frame["is_open"] | (frame["reference"] == 0)
    return frame


def case_events(given: Given) -> pd.DataFrame:
    """Cases as they stand tonight; `from` is their own day where none is given."""
    columns = [
        "kind", ACCOUNT, CUSTOMER, "occurred_at", "amount", "from_date", "to_date", "actor", "approver", "outcome", "local_date",
    ]  # fmt: skip
    frame = latest(given, "case_event", ["event_token"], columns)
    # tokens order events of one instant, so here their texts are needed
    texts = (
        pq.read_table(given.files("case_event"), columns=["event_token"], partitioning=None)
        .column(0)
        .combine_chunks()
        .dictionary_encode()
    )
    frame["token"] = np.asarray(texts.dictionary)[frame["event_token"]]
    frame["outcome"] = frame["outcome"].astype(object).fillna("received")
    frame["from"] = frame["from_date"].fillna(frame["local_date"])
    frame["is_bounded"] = frame["from_date"].notna() & frame["to_date"].notna()
    return frame.astype({ACCOUNT: "Int64", CUSTOMER: "Int64", "from": "Int64", "to_date": "Int64"})


def quotient(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Rounded down; missing where there is nothing to divide by."""
    denominator = denominator.astype("Int64")
    return numerator.astype("Int64") // denominator.mask(denominator == 0)


def bp(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """A share in basis points."""
    return quotient(10000 * numerator, denominator)


class Windows:
    """Sums and counts by customer over rows of a frame with `ago`, for the customers of tonight."""

    def __init__(self, frame: pd.DataFrame, customers: pd.Index) -> None:
        self.frame, self.customers = frame, customers

    def within(self, days: int, until: int = 0) -> pd.Series:
        """The rows of the last days up to the night."""
        return (self.frame["ago"] >= until) & (self.frame["ago"] < days)

    def total(self, condition: pd.Series, value: pd.Series | None = None) -> pd.Series:
        """The sum of a value, or the count, of the rows for which a condition holds; 0 without any."""
        condition = condition.fillna(False).astype(bool)
        groups = self.frame.loc[condition, CUSTOMER]
        found = groups.value_counts(sort=False) if value is None else value[condition].groupby(groups, sort=False).sum()
        return found.reindex(self.customers, fill_value=0).astype("int64")

    def distinct(self, condition: pd.Series, value: pd.Series) -> pd.Series:
        """How many values the rows have for which a condition holds."""
        pairs = pd.DataFrame({CUSTOMER: self.frame[CUSTOMER], "value": value})[condition].dropna().drop_duplicates()
        return pairs[CUSTOMER].value_counts(sort=False).reindex(self.customers, fill_value=0).astype("int64")

    def newest(self, condition: pd.Series, value: pd.Series) -> pd.Series:
        """The value of the youngest row for which a condition holds and that has one."""
        chosen = (condition & value.notna()).astype(bool)
        rows = pd.DataFrame({CUSTOMER: self.frame[CUSTOMER], "ago": self.frame["ago"], "value": value})[chosen]
        rows = rows.sort_values("ago", kind="stable").drop_duplicates(CUSTOMER)
        return rows.set_index(CUSTOMER)["value"].reindex(self.customers).astype("Int64")

    def most(self, condition: pd.Series, value: pd.Series) -> pd.Series:
        """The largest value of the rows for which a condition holds."""
        groups = self.frame.loc[condition, CUSTOMER]
        return value[condition].groupby(groups, sort=False).max().astype("Int64").reindex(self.customers)


def customer_features(given: Given, tonight: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """One row a customer of tonight: the 44 features, and two facts that no scorecard uses."""
    base = tonight.groupby(CUSTOMER).agg(
        {"reference": "sum", "principal": "sum", "arrears": "sum", "opened_date": "min"}
    )
    found = {
        **account_features(given, base),
        **past_due_features(given, cases, base.index),
        **application_features(given, base.index),
        **repayment_features(given, tonight, base.index),
        **cash_flow_features(given, base.index),
        **security_features(given, cases, tonight, base.index),
        **bureau_features(given, base.index),
        **related_features(given, base.index),
    }
    return pd.DataFrame(found, index=base.index).astype("Int64")


def when_covered(given: Given, source: str, days: int, value: pd.Series) -> pd.Series:
    """A feature, MISSING where the source does not reach back to the start of its window."""
    return value if given.covers(source, days) else pd.Series(pd.NA, index=value.index, dtype="Int64")


def account_features(given: Given, base: pd.DataFrame) -> dict[str, pd.Series]:
    """Utilisation and tenure; a night is nearly full by the reference limit, on a first night tonight's."""
    source, reference, night = "account_snapshot", base["reference"], night_day(given)
    rows = latest(given, f"{source}_history", ["business_date", ACCOUNT], [CUSTOMER, "principal_balance"])
    rows = rows[(rows["business_date"] <= night) & rows[CUSTOMER].isin(base.index)]
    rows = rows.groupby([CUSTOMER, "business_date"], as_index=False)["principal_balance"].sum()
    rows["ago"] = night - rows["business_date"]
    windows = Windows(rows, base.index)
    balance, limit = rows["principal_balance"], rows[CUSTOMER].map(reference)
    is_maxed = (limit > 0) & (balance * 10000 >= limit * given.parameters["near_full_share_bp"])
    in_30d, before = windows.within(30), windows.within(120, 30)
    utilisation = bp(windows.total(in_30d, balance), windows.total(in_30d) * reference)
    utilisation_before = bp(windows.total(before, balance), windows.total(before) * reference)
    month_ago = windows.newest(windows.within(60, 30), balance)
    return {
        "f05_overdue_ratio_bp": bp(base["arrears"], base["principal"].clip(lower=0)),
        "f06_util_bp": bp(base["principal"], reference),
        "f07_util_avg_30d_bp": when_covered(given, source, 30, utilisation),
        "f08_util_delta_30v90_bp": when_covered(given, source, 120, utilisation - utilisation_before),
        "f09_maxed_days_90d": when_covered(given, source, 90, windows.total(is_maxed & windows.within(90))),
        "f10_balance_growth_30d_bp": bp(base["principal"] - month_ago, reference),
        "f11_tenure_days": night - base["opened_date"],
        "f12_revolving_days_90d": when_covered(given, source, 90, windows.total((balance > 0) & windows.within(90))),
        "f43_days_since_balance": windows.newest(balance > 0, rows["ago"]),
    }


def past_due_features(given: Given, cases: pd.DataFrame, customers: pd.Index) -> dict[str, pd.Series]:
    """Nights past due, net of the days on which a hardship pause ran."""
    source, night = "account_snapshot", night_day(given)
    rows = latest(given, f"{source}_history", ["business_date", ACCOUNT], [CUSTOMER, "days_past_due"])
    rows["ago"] = night - rows["business_date"]
    rows = rows[(rows["days_past_due"] > 0) & (rows["ago"] >= 0) & (rows["ago"] < 180)]
    paused = rows.merge(paused_periods(given, cases, rows), on=ACCOUNT)
    # pauses longer ago than this are forgotten
    since = paused["business_date"] + 1 - paused["days_past_due"].clip(upper=400)
    days = 1 + np.minimum(paused["business_date"], paused["to"]) - np.maximum(since, paused["from"])
    paused = days.clip(lower=0).groupby([paused[ACCOUNT], paused["business_date"]]).sum().rename("paused")
    rows = rows.join(paused, on=[ACCOUNT, "business_date"])
    rows["net"] = rows["days_past_due"] - rows["paused"].astype("Int64").fillna(0)
    rows = rows[(rows["net"] > 0).astype(bool)].groupby([CUSTOMER, "ago"], as_index=False)["net"].max()
    windows = Windows(rows, customers)

    def most(days: int) -> pd.Series:
        return windows.most(windows.within(days), rows["net"]).fillna(0)

    return {
        "f01_dpd_now": most(1),
        "f02_dpd_max_30d": when_covered(given, source, 30, most(30)),
        "f03_dpd_max_180d": when_covered(given, source, 180, most(180)),
        "f04_overdue_days_90d": when_covered(given, source, 90, windows.total(windows.within(90))),
    }


def paused_periods(given: Given, cases: pd.DataFrame, overdue: pd.DataFrame) -> pd.DataFrame:
    """Hardship pauses of accounts past due, parted so that periods of one account do not overlap."""
    pauses = cases[(cases["kind"] == "hardship_pause") & (cases["outcome"] != "withdrawn")].copy()
    pauses["to"] = pauses["to_date"].fillna(night_day(given))
    accounts = overdue[[ACCOUNT, CUSTOMER]].drop_duplicates()
    columns = [ACCOUNT, "from", "to"]
    of_account = accounts[[ACCOUNT]].merge(pauses[columns].dropna(), on=ACCOUNT)
    of_customer = accounts.merge(pauses.loc[pauses[ACCOUNT].isna(), [CUSTOMER, "from", "to"]], on=CUSTOMER)
    periods = pd.concat([of_account[columns], of_customer[columns]]).astype("int64")
    periods = periods[periods["from"] <= periods["to"]].sort_values(columns)
    until = periods.groupby(ACCOUNT)["to"].cummax().groupby(periods[ACCOUNT]).shift(1)
    periods["from"] = np.maximum(periods["from"], (until + 1).fillna(periods["from"])).astype("int64")
    return periods[periods["from"] <= periods["to"]]


def application_features(given: Given, customers: pd.Index) -> dict[str, pd.Series]:
    """Loan applications, here and elsewhere."""
    source, parameters = "loan_application", given.parameters
    rows = latest(
        given, source, ["event_token"], [CUSTOMER, "local_date", "local_hour", "amount", "lender_id", "outcome"]
    )
    rows["ago"] = night_day(given) - rows["local_date"]
    windows = Windows(rows, customers)
    in_7d, in_30d, in_90d = (windows.within(days) for days in (7, 30, 90))
    is_small = rows["amount"] <= parameters["small_application_amount_minor"]
    at_night = rows["local_hour"].between(parameters["night_from_hour"], parameters["night_to_hour"])
    burst = 90 * windows.total(in_7d) - 7 * windows.total(windows.within(97, 7))
    rejected = bp(windows.total(in_90d & (rows["outcome"] == "rejected")), windows.total(in_90d))
    return {
        "f13_small_apps_7d": when_covered(given, source, 7, windows.total(in_7d & is_small)),
        "f14_apps_30d": when_covered(given, source, 30, windows.total(in_30d)),
        "f15_app_burst_x90": when_covered(given, source, 97, burst),
        "f16_reject_rate_90d_bp": when_covered(given, source, 90, rejected),
        "f17_distinct_lenders_30d": when_covered(given, source, 30, windows.distinct(in_30d, rows["lender_id"])),
        "f18_night_apps_30d": when_covered(given, source, 30, windows.total(in_30d & at_night)),
    }


def repayment_features(given: Given, tonight: pd.DataFrame, customers: pd.Index) -> dict[str, pd.Series]:
    """How instalments were paid; a payment after tonight is not known yet."""
    source, night, parameters = "instalment", night_day(given), given.parameters
    columns = [ACCOUNT, "instalment_no", "due_date", "due_amount", "paid_date", "paid_amount", "is_reversed"]
    rows = latest(given, source, ["instalment_token"], columns)
    rows[CUSTOMER] = rows[ACCOUNT].map(tonight.set_index(ACCOUNT)[CUSTOMER])
    rows["ago"] = night - rows["due_date"]
    # no feature asks for what was due longer ago
    rows = rows[rows[CUSTOMER].notna() & (rows["ago"] < 181)].astype({CUSTOMER: "int64"})
    paid_date = rows["paid_date"].astype("Int64")
    is_later = (paid_date > night).fillna(False)
    paid_date, paid = paid_date.mask(is_later), rows["paid_amount"].fillna(0).mask(is_later, 0)
    days_late = paid_date.fillna(night) - rows["due_date"]
    windows = Windows(rows, customers)
    in_181d, in_91d = windows.within(181), windows.within(91)
    is_late = paid_date.isna() | (paid_date > rows["due_date"]).fillna(False)
    is_recent = ((paid_date > night - 30) & (paid_date <= night)).fillna(False)
    is_early = is_recent & (rows["due_date"] - paid_date > parameters["early_repayment_days"]).fillna(False)
    is_default = (rows["instalment_no"] == 1) & in_91d & (days_late > parameters["first_payment_grace_days"])
    due, due_91d = rows["due_amount"], windows.total(in_91d)
    paid_share = bp(windows.total(in_91d, np.minimum(paid, due)), windows.total(in_91d, due))
    return {
        "f19_late_rate_180d_bp": when_covered(
            given, source, 181, bp(windows.total(in_181d & is_late), windows.total(in_181d))
        ),
        "f20_avg_days_late_90d": when_covered(
            given, source, 91, quotient(windows.total(in_91d, days_late.clip(lower=0)), due_91d)
        ),
        "f21_paid_share_90d_bp": when_covered(given, source, 91, paid_share),
        "f22_early_repay_30d": when_covered(given, source, 30, windows.total(is_early)),
        "f23_first_payment_default": when_covered(given, source, 91, windows.total(is_default)),
        "f24_bounced_payments_90d": when_covered(given, source, 91, windows.total(in_91d & rows["is_reversed"])),
    }


def cash_flow_features(given: Given, customers: pd.Index) -> dict[str, pd.Series]:
    """Income, spending and activity."""
    source = "cash_flow"
    rows = latest(given, source, [CUSTOMER, "flow_date", "direction", "kind"], ["amount"])
    rows["ago"] = night_day(given) - rows["flow_date"]
    rows = rows[(rows["ago"] >= 0) & (rows["ago"] < 120)]
    windows = Windows(rows, customers)
    in_30d, before, amount, kind = windows.within(30), windows.within(120, 30), rows["amount"], rows["kind"]
    incoming, spent, salary = rows["direction"] == "in", kind == "consume", (kind == "salary") & windows.within(90)
    month = pd.Series(
        rows["flow_date"][salary].to_numpy().astype("datetime64[D]").astype("datetime64[M]"), rows.index[salary]
    )
    inflow = windows.total(incoming & in_30d, amount)
    outflow = windows.total((rows["direction"] == "out") & in_30d, amount)
    spend = windows.total(spent & in_30d, amount)
    withdrawn = windows.total((kind == "withdraw") & in_30d, amount)
    active, active_before = windows.distinct(in_30d, rows["ago"]), windows.distinct(before, rows["ago"])
    return {
        "f25_inflow_30v90_bp": when_covered(
            given, source, 120, bp(inflow * 3, windows.total(incoming & before, amount))
        ),
        "f26_spend_30v90_bp": when_covered(given, source, 120, bp(spend * 3, windows.total(spent & before, amount))),
        "f27_out_in_ratio_30d_bp": when_covered(given, source, 30, bp(outflow, inflow)),
        "f28_salary_months_90d": when_covered(given, source, 90, windows.distinct(salary, month)),
        "f29_cash_share_30d_bp": when_covered(given, source, 30, bp(withdrawn, outflow)),
        "f30_paid_to_other_lenders_30d_minor": when_covered(
            given, source, 30, windows.total((kind == "repay_other") & in_30d, amount)
        ),
        "f31_active_days_30d": when_covered(given, source, 30, active),
        "f32_activity_drop_x3": when_covered(given, source, 120, active * 3 - active_before),
    }


def security_features(
    given: Given, cases: pd.DataFrame, tonight: pd.DataFrame, customers: pd.Index
) -> dict[str, pd.Series]:
    """Devices, addresses and profile; what happened before the customer was last verified counts no more."""
    verifications = cases[cases["kind"] == "step_up_verified"]
    holders = verifications[ACCOUNT].map(tonight.set_index(ACCOUNT)[CUSTOMER]).astype("Int64")
    verified_at = verifications["occurred_at"].groupby(verifications[CUSTOMER].fillna(holders)).max()

    def is_open(rows: pd.DataFrame, at: str) -> pd.Series:
        """Whether rows are younger than the customer's last verification."""
        return rows[at] > rows[CUSTOMER].map(verified_at).fillna(np.iinfo("int64").min).astype("int64")

    columns = [CUSTOMER, "occurred_at", "device_token", "region_token", "is_proxy", "succeeded", "local_date"]
    sessions = latest(given, "session", ["event_token"], columns).drop(columns="event_token")
    sessions["ago"] = night_day(given) - sessions["local_date"]
    device = [CUSTOMER, "device_token"]
    days = sessions[sessions["ago"] >= 0].groupby([*device, "ago"], as_index=False)["occurred_at"].min()
    days = days.sort_values([*device, "ago"], ascending=[True, True, False])
    since = days.groupby(device)["ago"].shift(1) - days["ago"]
    days = days[since.isna() | (since > given.parameters["device_memory_days"])]
    days = days[is_open(days, "occurred_at")]
    pairs = sessions.loc[(sessions["ago"] >= 0) & (sessions["ago"] < 30), device].drop_duplicates()
    sharing = pairs["device_token"].map(pairs["device_token"].value_counts()).groupby(pairs[CUSTOMER]).max()

    sessions = sessions[(sessions["ago"] >= 0) & (sessions["ago"] < 7) & is_open(sessions, "occurred_at")]
    seen = Windows(sessions, customers)
    tonight_only, in_7d = seen.within(1), seen.within(7)
    first = sessions.merge(
        days[[*device, "occurred_at"]], on=[*device, "occurred_at"], how="left", indicator="is_first"
    )
    is_first = (first["is_first"] == "both").to_numpy()
    failed, proxied = ~sessions["succeeded"], sessions["is_proxy"]
    new, changed = (
        Windows(days, customers),
        latest(given, "profile_change", ["event_token"], [CUSTOMER, "changed_at", "local_date"]),
    )
    changed["ago"] = night_day(given) - changed["local_date"]
    changes = Windows(changed[is_open(changed, "changed_at")], customers)
    suspicious = seen.total(tonight_only & (failed | proxied | is_first)) + changes.total(changes.within(1))
    is_seen = given.covers("session", 1) or given.covers("profile_change", 1)
    return {
        "f33_new_devices_7d": when_covered(given, "session", 7, new.distinct(new.within(7), days["device_token"])),
        "f34_regions_1d": when_covered(given, "session", 1, seen.distinct(tonight_only, sessions["region_token"])),
        "f35_failed_logins_1d": when_covered(given, "session", 1, seen.total(tonight_only & failed)),
        "f36_proxy_share_7d_bp": when_covered(given, "session", 7, bp(seen.total(proxied), seen.total(in_7d))),
        "f37_customers_per_device": when_covered(given, "session", 30, sharing.reindex(customers).fillna(0)),
        "f44_profile_changes_30d": when_covered(given, "profile_change", 30, changes.total(changes.within(30))),
        "suspicious": suspicious * is_seen,
    }


def bureau_features(given: Given, customers: pd.Index) -> dict[str, pd.Series]:
    """The outside score and debt, and a new default with another lender."""
    columns = ["score", "external_debt_amount", "has_new_default"]
    rows = latest(given, "bureau_score", [CUSTOMER, "observed_date"], columns)
    rows["ago"] = night_day(given) - rows["observed_date"]
    rows = rows[(rows["ago"] >= 0) & (rows["ago"] < 400)]
    windows = Windows(rows, customers)
    any_day, is_old = windows.within(400), rows["ago"] >= given.parameters["bureau_lag_days"]
    score = windows.newest(any_day, rows["score"])
    return {
        "f38_bureau_score": score,
        "f39_bureau_score_delta_90d": score - windows.newest(is_old, rows["score"]),
        "f40_external_debt_minor": windows.newest(any_day, rows["external_debt_amount"]),
        "bureau_has_new_default": windows.newest(any_day, rows["has_new_default"].fillna(False).astype("int64")),
    }


def related_features(given: Given, customers: pd.Index) -> dict[str, pd.Series]:
    """Arrears and savings with related products, by the night that delivered them."""
    source = "related_product"
    rows = latest(given, source, ["business_date", CUSTOMER, "product_code"], ["balance", "days_past_due"])
    rows["ago"] = night_day(given) - rows["business_date"]
    role = rows["product_code"].astype(object).map(given.roles)
    credit = Windows(rows[role == "credit"], customers)
    savings = rows[role == "savings"].groupby([CUSTOMER, "ago"], as_index=False)["balance"].sum()
    saved = Windows(savings, customers)
    now = saved.newest(saved.within(1), savings["balance"])
    before = saved.newest(saved.within(60, 30), savings["balance"])
    related = credit.most(credit.within(30), credit.frame["days_past_due"])
    return {
        "f41_related_dpd_30d": when_covered(given, source, 30, related),
        "f42_savings_30d_bp": bp(now, before),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
