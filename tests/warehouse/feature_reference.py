"""The features once more, in plain Python from the words of features.md: no code is shared with the SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
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
    "case_event": ("event_token",),
}
# Facts for the decision that are not among the features.
FACTS = ("on_time_instalments_90d", "due_instalments_90d", "bureau_has_new_default", "suspicious_events_new")


def latest_known(book: Book, source: str) -> list[Row]:
    """The version of each row that the night knows: the last by instant, then batch, then place in the file.

    Of cash flows the last file counts with all that it says: it may speak of a customer under two ids."""
    known = [row for row in book.raw[source] if row["known_at"] <= book.cut_off]
    if source == "cash_flow":
        last = {_key(source, row): _file_of(row) for row in sorted(known, key=_file_of)}
        return [row for row in known if _file_of(row) == last[_key(source, row)]]
    known.sort(key=lambda row: (row["known_at"], row["batch_id"], row["source_row"]))
    return list({_key(source, row): row for row in known}.values())


def _key(source: str, row: Row) -> tuple:
    return tuple(row[name] for name in KEYS[source])


def _file_of(row: Row) -> tuple:
    return row["known_at"], row["batch_id"], row["business_date"]


def fen(amount: object) -> int:
    return int(Decimal(str(amount or 0)) * 100)


def share(part: int | None, whole: int | None) -> int | None:
    return None if part is None or not whole else 10000 * part // whole


def minus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left - right


class Reference:
    """The features and facts of every customer of tonight's snapshot."""

    def __init__(self, book: Book) -> None:
        self.book, self.night = book, book.night
        self.rows = {source: latest_known(book, source) for source in KEYS}
        self.by_customer: dict[str, dict[int, list[Row]]] = {}
        for source, rows in self.rows.items():
            found = self.by_customer[source] = defaultdict(list)
            for row in rows:
                found[row.get("customer_key")].append(row)
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
        return self.by_customer[source][customer]

    def features(self) -> dict[int, Row]:
        """Features and facts by customer key."""
        return {customer: self._customer(customer) for customer in sorted(set(self.owner.values()))}

    def last_events(self) -> dict[tuple[int, str], date]:
        """The last day of each kind of event that a window still counts, by customer key and kind."""
        found: dict[tuple[int, str], date] = {}

        def note(customer: int, event: str, day: date) -> None:
            found[customer, event] = max(day, found.get((customer, event), day))

        for row in self.rows["loan_application"]:
            day = row["local_date"]
            if day <= self.night:
                note(row["customer_key"], "application", day)
                if fen(row["amount"]) <= 100_000:
                    note(row["customer_key"], "small_application", day)
                if row["outcome"] == "rejected":
                    note(row["customer_key"], "rejected_application", day)
                if row["local_hour"] in range(5):
                    note(row["customer_key"], "night_application", day)
        for row in self.rows["instalment"]:
            customer, due = self.owner.get(row["account_key"]), row["due_date"]
            if customer is None or due < self.back(180):
                continue
            note(customer, "instalment", due)
            if due > self.night:
                continue
            paid = row["paid_date"] if row["paid_date"] and row["paid_date"] <= self.night else None
            if paid is None or paid > due:
                note(customer, "late_instalment", due)
            if paid is None or fen(row["paid_amount"]) < fen(row["due_amount"]):
                note(customer, "unpaid_instalment", due)
            if row["is_reversed"]:
                note(customer, "reversed_instalment", due)
            if paid is None or paid > due or row["is_reversed"]:
                note(customer, "troubled_instalment", due)
            if row["instalment_no"] == 1 and (paid is None or (paid - due).days > 7):
                note(customer, "first_instalment", due)
        for customer in list(self.by_customer["account_snapshot"]):
            for day, (_, _, days_past_due) in self._nights(customer).items():
                if days_past_due > 0 and self.within(day, 180):
                    note(customer, "past_due_night", day)
        for row in self.rows["related_product"]:
            is_credit = row["product_code"] == "huabei"
            if is_credit and row["days_past_due"] > 0 and self.within(row["business_date"], 30):
                note(row["customer_key"], "related_past_due", row["business_date"])
        return found

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
                max(self._net(row) for row in rows),
            )
            for day, rows in nights.items()
        }

    def _net(self, row: Row) -> int:
        """Days past due of a snapshot less those of them on which a hardship pause of the account or customer ran."""
        night, days = row["business_date"], row["days_past_due"]
        if days <= 0:
            return 0
        paused = set()
        for case in self.rows["case_event"]:
            whose = case["account_key"] == row["account_key"] or (
                case["account_key"] is None and case["customer_key"] == row["customer_key"]
            )
            if case["kind"] == "hardship_pause" and whose and case["outcome"] != "withdrawn":
                first, last = case["from_date"] or case["local_date"], min(case["to_date"] or night, night)
                paused |= {first + timedelta(days=i) for i in range((last - first).days + 1)}
        return days - sum(night - timedelta(days=back) in paused for back in range(min(days, 400)))

    def _arrears(self, customer: int) -> dict:
        nights, source = self._nights(customer), "account_snapshot"
        balance, arrears, dpd = nights[self.night]
        past_due = {day: night[2] for day, night in nights.items()}
        owed_days = [day for day, night in nights.items() if night[0] > 0 and self.within(day, 400)]
        opened = min(row["opened_date"] for row in self.tonight if row["customer_key"] == customer)

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
        steps = [*self.book.reference_steps.get(customer, []), (self.night, limit)]

        def limit_of(day: date) -> int:
            """The reference limit of a night; of one before all that are known, the first known."""
            return ([steps[0][1]] + [minor for start, minor in steps if start <= day])[-1]

        full = [
            d for d, v in balances.items() if self.within(d, 90) and v * 100 >= limit_of(d) * 95 and limit_of(d) > 0
        ]
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
            ("due_instalments_90d", source, 90): len([r for r in rows if self.within(r["due_date"], 90)]),
            ("on_time_instalments_90d", source, 90): len(
                [
                    row
                    for row in rows
                    if self.within(row["due_date"], 90)
                    and not row["is_reversed"]
                    and paid(row)
                    and paid(row) <= row["due_date"]
                ]
            ),
        }

    def _flows(self, customer: int) -> dict:
        rows, source = self.of("cash_flow", customer), "cash_flow"

        def total(column: str, value: str, days: int, until: int = 0) -> int:
            return sum(
                fen(r["amount"]) for r in rows if r[column] == value and self.within(r["flow_date"], days, until)
            )

        idle = {day for key, day in self.book.blocked if key == customer}
        for name, start, end in self.book.maintenance:
            if name in (source, "*"):
                idle |= {start + timedelta(days=i) for i in range((end - start).days)}

        def days(length: int, until: int = 0) -> int | None:
            """Active days among the usable ones, as if the whole window had been usable."""
            window = {self.back(back) for back in range(until, length)}
            active = {row["flow_date"] for row in rows} & window - idle
            usable = len(window - idle)
            return len(active) * len(window) // usable if usable else None

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
            ("f32_activity_drop_x3", source, 120): minus(None if days(30) is None else 3 * days(30), days(120, 30)),
        }

    def _verified(self, customer: int) -> datetime:
        """When the customer was last verified."""
        return max(
            (
                case["occurred_at"]
                for case in self.rows["case_event"]
                if case["kind"] == "step_up_verified"
                and customer in (case["customer_key"], self.owner.get(case["account_key"]))
            ),
            default=datetime.min,
        )

    def _security(self, customer: int) -> dict:
        source, verified = "session", self._verified(customer)
        every = [row for row in self.of(source, customer) if row["local_date"] <= self.night]
        used: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(every, key=lambda row: (row["local_date"], row["occurred_at"])):
            used[row["device_token"]].append(row)
        first = [
            row
            for rows in used.values()
            for before, row in zip([None, *rows], rows, strict=False)
            if before is None or (row["local_date"] - before["local_date"]).days > 400
        ]
        users: dict[str, set[int]] = defaultdict(set)
        for row in self.rows[source]:
            if self.within(row["local_date"], 30):
                users[row["device_token"]].add(row["customer_key"])
        rows = [row for row in every if row["occurred_at"] > verified]
        week = [row for row in rows if self.within(row["local_date"], 7)]
        today = [row for row in rows if row["local_date"] == self.night]
        changes = [row for row in self.of("profile_change", customer) if row["changed_at"] > verified]
        new = [row for row in first if row["occurred_at"] > verified]
        since = self.book.previous or self.back(1)
        at_first = {(row["device_token"], row["occurred_at"]) for row in new}
        suspicious = [
            row
            for row in rows
            if not row["succeeded"] or row["is_proxy"] or (row["device_token"], row["occurred_at"]) in at_first
        ]
        fresh = [row for row in suspicious + changes if since < row["local_date"] <= self.night]
        is_told = self.covered(source, 1) or self.covered("profile_change", 1)
        return {
            ("f33_new_devices_7d", source, 7): len(
                {row["device_token"] for row in new if self.within(row["local_date"], 7)}
            ),
            ("f34_regions_1d", source, 1): len({row["region_token"] for row in today}),
            ("f35_failed_logins_1d", source, 1): sum(not row["succeeded"] for row in today),
            ("f36_proxy_share_7d_bp", source, 7): share(sum(row["is_proxy"] for row in week), len(week)),
            ("f37_customers_per_device", source, 30): max(
                (len(keys) for keys in users.values() if customer in keys), default=0
            ),
            ("f44_profile_changes_30d", "profile_change", 30): sum(self.within(r["local_date"], 30) for r in changes),
            ("suspicious_events_new", source, 0): len(fresh) if is_told else None,
        }

    def _bureau(self, customer: int) -> dict:
        source = "bureau_score"
        seen = {r["observed_date"]: r for r in self.of(source, customer) if self.within(r["observed_date"], 400)}
        old = [day for day in seen if day <= self.back(85)]
        latest = seen[max(seen)] if seen else None
        score = latest["score"] if latest else None
        return {
            ("f38_bureau_score", source, 0): score,
            ("f39_bureau_score_delta_90d", source, 0): minus(score, seen[max(old)]["score"] if old else None),
            ("f40_external_debt_minor", source, 0): fen(latest["external_debt_amount"]) if latest else None,
            ("bureau_has_new_default", source, 0): int(latest["has_new_default"]) if latest else None,
        }

    def _related(self, customer: int) -> dict:
        rows, source = self.of("related_product", customer), "related_product"
        dpd = [
            r["days_past_due"] for r in rows if r["product_code"] == "huabei" and self.within(r["business_date"], 30)
        ]
        savings = {row["business_date"]: fen(row["balance"]) for row in rows if row["product_code"] == "yuebao"}
        month_ago = [day for day in savings if self.within(day, 60, 30)]
        then = savings[max(month_ago)] if month_ago else None
        return {
            ("f41_related_dpd_30d", source, 30): max(dpd, default=None),
            ("f42_savings_30d_bp", source, 0): share(savings.get(self.night), then),
        }
