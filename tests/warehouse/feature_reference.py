"""The 44 features once more, in plain Python from the words of docs/features.md: no code is shared with the SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from feature_fixtures import Book, Row

KEYS = {
    "account_snapshot": ("business_date", "account_key"),
    "opening_state": ("business_date", "account_key"),
    "loan_application": ("event_token",),
    "instalment": ("instalment_token",),
    "cash_flow": ("customer_key", "flow_date", "direction", "kind"),
    "session": ("event_token",),
    "bureau_score": ("customer_key", "observed_date"),
    "related_product": ("business_date", "customer_key", "product_code"),
    "profile_change": ("event_token",),
}


def latest_known(book: Book, source: str) -> list[Row]:
    """The version of each row that the night knows: the last by instant, then batch, then place in the file."""
    known = [row for row in book.raw[source] if row["known_at"] <= book.cut_off]
    known.sort(key=lambda row: (row["known_at"], row["batch_id"], row["source_row"]))
    return list({tuple(row[name] for name in KEYS[source]): row for row in known}.values())


def fen(amount: object) -> int:
    return int(Decimal(str(amount or 0)) * 100)


def share(part: int | None, whole: int | None) -> int | None:
    return None if part is None or not whole else 10000 * part // whole


def minus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left - right


class Reference:
    """The features of every customer of tonight's snapshot."""

    def __init__(self, book: Book) -> None:
        self.book, self.night = book, book.night
        self.rows = {source: latest_known(book, source) for source in KEYS}
        self.tonight = [row for row in self.rows["account_snapshot"] if row["business_date"] == self.night]
        self.owner = {row["account_key"]: row["customer_key"] for row in self.tonight}
        self.reference = defaultdict(int)
        opening: dict[int, int] = {}
        for row in self.rows["opening_state"]:
            opening[row["account_key"]] = fen(row["reference_limit_amount"])
        for row in self.tonight:
            carried = book.reference_minor.get(row["account_key"], opening.get(row["account_key"], 0))
            self.reference[row["customer_key"]] += max(carried, fen(row["limit_amount"]))

    def back(self, days: int) -> date:
        return self.night - timedelta(days=days)

    def within(self, day: date | None, days: int, until: int = 0) -> bool:
        return day is not None and self.back(days) < day <= self.back(until)

    def covered(self, source: str, days: int) -> bool:
        start = self.book.coverage.get(source)
        return start is not None and start <= self.back(days - 1)

    def of(self, source: str, customer: int) -> list[Row]:
        return [row for row in self.rows[source] if row["customer_key"] == customer]

    def features(self) -> dict[int, Row]:
        """Features by customer key."""
        return {customer: self._customer(customer) for customer in sorted(set(self.owner.values()))}

    def _customer(self, customer: int) -> Row:
        found: Row = {"customer_key": customer}
        parts = (self._arrears, self._utilisation, self._applications, self._repayment, self._flows)
        for part in (*parts, self._security, self._bureau, self._related):
            for (name, source, days), value in part(customer).items():
                found[name] = value if days == 0 or self.covered(source, days) else None
        return found

    def _nights(self, customer: int) -> dict[date, tuple[int, int, int]]:
        nights: dict[date, list[Row]] = defaultdict(list)
        for row in self.of("account_snapshot", customer):
            if row["business_date"] <= self.night:
                nights[row["business_date"]].append(row)
        return {
            day: (
                sum(fen(row["principal_balance"]) for row in rows),
                sum(fen(row["arrears_balance"]) for row in rows),
                max(row["days_past_due"] for row in rows),
            )
            for day, rows in nights.items()
        }

    def _arrears(self, customer: int) -> dict:
        nights, source = self._nights(customer), "account_snapshot"
        balance, arrears, dpd = nights[self.night]
        past_due = {day: night[2] for day, night in nights.items()}
        owed_days = [day for day, night in nights.items() if night[0] > 0]
        opened = min(r["opened_date"] for r in self.of(source, customer) if r["business_date"] <= self.night)

        def worst(days: int) -> int:
            return max(value for day, value in past_due.items() if self.within(day, days))

        return {
            ("f01_dpd_now", source, 0): dpd,
            ("f02_dpd_max_30d", source, 30): worst(30),
            ("f03_dpd_max_180d", source, 180): worst(180),
            ("f04_overdue_days_90d", source, 90): sum(v > 0 and self.within(d, 90) for d, v in past_due.items()),
            ("f05_overdue_ratio_bp", source, 0): share(arrears, max(balance, 0)),
            ("f11_tenure_days", source, 0): (self.night - opened).days,
            ("f12_revolving_days_90d", source, 90): sum(self.within(day, 90) for day in owed_days),
            ("f43_days_since_balance", source, 0): (self.night - max(owed_days)).days if owed_days else None,
        }

    def _utilisation(self, customer: int) -> dict:
        balances = {day: night[0] for day, night in self._nights(customer).items()}
        limit, source = self.reference[customer], "account_snapshot"

        def mean(days: int, until: int) -> int | None:
            seen = [value for day, value in balances.items() if self.within(day, days, until)]
            return share(sum(seen), len(seen) * limit) if seen else None

        month_ago = [day for day in balances if self.within(day, 60, 30)]
        then = balances[max(month_ago)] if month_ago else None
        full = [d for d, v in balances.items() if self.within(d, 90) and limit > 0 and v * 100 >= limit * 95]
        return {
            ("f06_util_bp", source, 0): share(balances[self.night], limit),
            ("f07_util_avg_30d_bp", source, 30): mean(30, 0),
            ("f08_util_delta_30v90_bp", source, 120): minus(mean(30, 0), mean(120, 30)),
            ("f09_maxed_days_90d", source, 90): len(full),
            ("f10_balance_growth_30d_bp", source, 0): share(minus(balances[self.night], then), limit),
        }

    def _applications(self, customer: int) -> dict:
        rows, source = self.of("loan_application", customer), "loan_application"

        def made(days: int, until: int = 0) -> list[Row]:
            return [row for row in rows if self.within(row["local_date"], days, until)]

        refused = sum(row["outcome"] == "rejected" for row in made(90))
        return {
            ("f13_small_apps_7d", source, 7): sum(fen(row["amount"]) <= 100_000 for row in made(7)),
            ("f14_apps_30d", source, 30): len(made(30)),
            ("f15_app_burst_x90", source, 97): 90 * len(made(7)) - 7 * len(made(97, 7)),
            ("f16_reject_rate_90d_bp", source, 90): share(refused, len(made(90))),
            ("f17_distinct_lenders_30d", source, 30): len({row["lender_id"] for row in made(30)}),
            ("f18_night_apps_30d", source, 30): sum(row["local_hour"] in range(5) for row in made(30)),
        }

    def _repayment(self, customer: int) -> dict:
        source = "instalment"
        rows = [row for row in self.rows[source] if self.owner.get(row["account_key"]) == customer]

        def paid(row: Row) -> date | None:
            """A payment after tonight is not known yet."""
            return row["paid_date"] if row["paid_date"] and row["paid_date"] <= self.night else None

        def due(days: int) -> list[Row]:
            return [row for row in rows if self.back(days) <= row["due_date"] <= self.night]

        def days_late(row: Row) -> int:
            return max(0, ((paid(row) or self.night) - row["due_date"]).days)

        def settled(row: Row) -> int:
            known = paid(row) or not row["paid_date"]
            return min(fen(row["paid_amount"]), fen(row["due_amount"])) if known else 0

        late = [row for row in due(180) if paid(row) is None or paid(row) > row["due_date"]]
        owed = due(90)
        early = [r for r in rows if self.within(paid(r), 30) and paid(r) < r["due_date"] - timedelta(days=15)]
        return {
            ("f19_late_rate_180d_bp", source, 181): share(len(late), len(due(180))),
            ("f20_avg_days_late_90d", source, 91): sum(map(days_late, owed)) // len(owed) if owed else None,
            ("f21_paid_share_90d_bp", source, 91): share(
                sum(map(settled, owed)), sum(fen(row["due_amount"]) for row in owed)
            ),
            ("f22_early_repay_30d", source, 30): len(early),
            ("f23_first_payment_default", source, 91): sum(r["instalment_no"] == 1 and days_late(r) > 7 for r in owed),
            ("f24_bounced_payments_90d", source, 91): sum(row["is_reversed"] for row in owed),
        }

    def _flows(self, customer: int) -> dict:
        rows, source = self.of("cash_flow", customer), "cash_flow"

        def total(column: str, value: str, days: int, until: int = 0) -> int:
            return sum(
                fen(r["amount"]) for r in rows if r[column] == value and self.within(r["flow_date"], days, until)
            )

        def days(length: int, until: int = 0) -> int:
            return len({row["flow_date"] for row in rows if self.within(row["flow_date"], length, until)})

        salaries = [r["flow_date"] for r in rows if r["kind"] == "salary" and self.within(r["flow_date"], 90)]
        inflow, outflow = total("direction", "in", 30), total("direction", "out", 30)
        return {
            ("f25_inflow_30v90_bp", source, 120): share(3 * inflow, total("direction", "in", 120, 30)),
            ("f26_spend_30v90_bp", source, 120): share(
                3 * total("kind", "consume", 30), total("kind", "consume", 120, 30)
            ),
            ("f27_out_in_ratio_30d_bp", source, 30): share(outflow, inflow),
            ("f28_salary_months_90d", source, 90): len({(day.year, day.month) for day in salaries}),
            ("f29_cash_share_30d_bp", source, 30): share(total("kind", "withdraw", 30), outflow),
            ("f30_paid_to_other_lenders_30d_minor", source, 30): total("kind", "repay_other", 30),
            ("f31_active_days_30d", source, 30): days(30),
            ("f32_activity_drop_x3", source, 120): 3 * days(30) - days(120, 30),
        }

    def _security(self, customer: int) -> dict:
        rows, source = self.of("session", customer), "session"
        first: dict[str, date] = {}
        for row in rows:
            first[row["device_token"]] = min(first.get(row["device_token"], date.max), row["local_date"])
        users: dict[str, set[int]] = defaultdict(set)
        for row in self.rows[source]:
            if self.within(row["local_date"], 30):
                users[row["device_token"]].add(row["customer_key"])
        week = [row for row in rows if self.within(row["local_date"], 7)]
        today = [row for row in rows if row["local_date"] == self.night]
        changes = [row for row in self.of("profile_change", customer) if self.within(row["local_date"], 30)]
        return {
            ("f33_new_devices_7d", source, 7): len(
                {r["device_token"] for r in week if self.within(first[r["device_token"]], 7)}
            ),
            ("f34_regions_1d", source, 1): len({row["region_token"] for row in today}),
            ("f35_failed_logins_1d", source, 1): sum(not row["succeeded"] for row in today),
            ("f36_proxy_share_7d_bp", source, 7): share(sum(row["is_proxy"] for row in week), len(week)),
            ("f37_customers_per_device", source, 30): max(
                (len(keys) for keys in users.values() if customer in keys), default=0
            ),
            ("f44_profile_changes_30d", "profile_change", 30): len(changes),
        }

    def _bureau(self, customer: int) -> dict:
        source = "bureau_score"
        seen = {r["observed_date"]: r for r in self.of(source, customer) if r["observed_date"] <= self.night}
        old = [day for day in seen if day <= self.back(85)]
        latest = seen[max(seen)] if seen else None
        score = latest["score"] if latest else None
        return {
            ("f38_bureau_score", source, 0): score,
            ("f39_bureau_score_delta_90d", source, 0): minus(score, seen[max(old)]["score"] if old else None),
            ("f40_external_debt_minor", source, 0): fen(latest["external_debt_amount"]) if latest else None,
        }

    def _related(self, customer: int) -> dict:
        rows, source = self.of("related_product", customer), "related_product"
        dpd = [r["days_past_due"] for r in rows if r["product_code"] == "huabei" and self.within(r["as_of_date"], 30)]
        savings = {row["as_of_date"]: fen(row["balance"]) for row in rows if row["product_code"] == "yuebao"}
        month_ago = [day for day in savings if self.within(day, 60, 30)]
        then = savings[max(month_ago)] if month_ago else None
        return {
            ("f41_related_dpd_30d", source, 30): max(dpd, default=None),
            ("f42_savings_30d_bp", source, 0): share(savings.get(self.night), then),
        }
