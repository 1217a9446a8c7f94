"""Runs the decision models over many nights in one DuckDB process, with given features in place of the feature models.

The project is compiled once. Every night gets a fresh catalog with its sources. The models run, and what they carry
over is loaded for the next night, as in a home. Amounts of inputs and results are minor units.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from creditline.landing.contract import contract
from creditline.landing.rawtypes import raw_columns
from creditline.policy import PolicySet, policy_relations
from creditline.project import PROJECT_DIR
from creditline.release.inherited import APPROVED_COLUMNS
from creditline.store.inputs import Relation, lay
from creditline.warehouse.compiled import compile_project
from creditline.warehouse.logic import CATALOG, Logic, use_scratch_catalog
from creditline.warehouse.logic_run import run_logic
from creditline.warehouse.sources import (
    RELEASED_COLUMNS,
    SECURITY_COLUMNS,
    NightParameters,
    NightSource,
    run_relations,
    standing_relation,
)
from creditline.warehouse.state import state_tables

# What the decision reads from the feature models in addition to the 44 features, and the source of each.
EXTRA_FEATURES = {
    "on_time_instalments_90d": ("repayment", "instalment"),
    "due_instalments_90d": ("repayment", "instalment"),
    "suspicious_events_new": ("security", "session"),
    "bureau_has_new_default": ("bureau", "bureau_score"),
}
OWN_MODELS = {"repayment": "ftr_repayment", "security": "ftr_security", "bureau": "ftr_bureau"}
RUN_AS_THEY_ARE = ("ftr_reference_limit", "ftr_customer_base", "ftr_carried_id_change", "ftr_carried_customer_link")
NOT_NEEDED = ("dim_", "fct_", "rpt_", "mon_")
# Models that decide nothing: when a limit returns, and what became of earlier answers.
WAY_BACK = ("dec_night_trust", "dec_recourse", "dec_promise", "dec_carried_promise", "dec_condition_standing")

EVENT_COLUMNS = pa.schema(
    [
        ("event_token", pa.string()),
        ("kind", pa.string()),
        ("account_key", pa.int64()),
        ("customer_key", pa.int64()),
        ("occurred_at", pa.timestamp("us")),
        ("amount_minor", pa.int64()),
        ("from_date", pa.date32()),
        ("to_date", pa.date32()),
        ("actor", pa.string()),
        ("approver", pa.string()),
        ("ground", pa.string()),
        ("outcome", pa.string()),
        ("local_date", pa.date32()),
    ]
)
OPENING_COLUMNS = pa.schema(
    [
        ("account_key", pa.int64()),
        ("reference_limit_minor", pa.int64()),
        ("trigger_code", pa.string()),
        ("frozen_until", pa.timestamp("us")),
    ]
)
ORDER_COLUMNS = pa.schema(
    [
        ("sequence", pa.int64()),
        ("business_date", pa.date32()),
        ("adjustment_id", pa.string()),
        ("account_key", pa.int64()),
        ("action", pa.string()),
        ("old_limit_minor", pa.int64()),
        ("new_limit_minor", pa.int64()),
        ("expires_at", pa.timestamp("us")),
    ]
)
WATCHED_COLUMNS = pa.schema(
    [
        ("sequence", pa.int64()),
        ("business_date", pa.date32()),
        ("adjustment_id", pa.string()),
        ("account_key", pa.int64()),
        ("customer_key", pa.int64()),
        ("pack", pa.string()),
        ("action", pa.string()),
        ("expires_at", pa.timestamp("us")),
        ("watched_at", pa.timestamp("us")),
        ("movement", pa.string()),
        ("frozen_since_date", pa.date32()),
        ("frozen_at", pa.timestamp("us")),
        ("frozen_until_at", pa.timestamp("us")),
        ("extension_count", pa.int64()),
        ("reason_code", pa.string()),
    ]
)
ACK_COLUMNS = pa.schema(
    [
        ("adjustment_id", pa.string()),
        ("status", pa.string()),
        ("applied_limit_minor", pa.int64()),
        ("acked_at", pa.timestamp("us")),
        ("reason", pa.string()),
    ]
)
LAST_EVENT_COLUMNS = pa.schema([("customer_key", pa.int64()), ("event", pa.string()), ("last_date", pa.date32())])
CORRECTION_COLUMNS = pa.schema([("source", pa.string()), ("corrected_date", pa.date32()), ("customer_key", pa.int64())])
CORRECTING = "correcting"
CHANGE_COLUMNS = pa.schema(
    [
        ("kind", pa.string()),
        ("subject", pa.string()),
        ("old_key", pa.int64()),
        ("new_key", pa.int64()),
        ("effective_date", pa.date32()),
    ]
)
STANDING_COLUMNS = pa.schema(
    [
        ("account_key", pa.int64()),
        ("recommended_limit_minor", pa.int64()),
        ("action", pa.string()),
        ("display_state", pa.string()),
    ]
)
# customer, pack and trigger of each approved inherited trigger
APPROVED = pa.schema([("customer_key", pa.int64()), ("pack", pa.string()), ("trigger_code", pa.string())])
ACCOUNT_COLUMNS = pa.schema(
    [
        ("account_key", pa.int64()),
        ("customer_key", pa.int64()),
        ("product_code", pa.string()),
        ("status", pa.string()),
        ("opened_date", pa.date32()),
        ("limit_minor", pa.int64()),
        ("principal_minor", pa.int64()),
        ("legal_entity_code", pa.string()),
        ("purpose_code", pa.string()),
        ("channel_code", pa.string()),
        ("income_monthly_minor", pa.int64()),
        ("income_as_of_date", pa.date32()),
        ("raise_consent_code", pa.string()),
    ]
)


@dataclass(frozen=True)
class Inputs:
    """What one night knows, as input of the models and of the reference."""

    night: NightParameters
    sources: list[NightSource]
    policies: PolicySet
    accounts: pa.Table
    features: pa.Table
    events: pa.Table
    opening: pa.Table
    # orders released since the night before, and the core's answers since then
    orders: pa.Table = field(default_factory=ORDER_COLUMNS.empty_table)
    acks: pa.Table = field(default_factory=ACK_COLUMNS.empty_table)
    # freezes and restores that watches released since the night before
    watched: pa.Table = field(default_factory=WATCHED_COLUMNS.empty_table)
    # the last events, from which a way back starts
    last_events: pa.Table = field(default_factory=LAST_EVENT_COLUMNS.empty_table)
    # customers with a row in a file that corrects an earlier night and came since the night before
    corrections: pa.Table = field(default_factory=CORRECTION_COLUMNS.empty_table)
    # changes of ids since the night before
    changes: pa.Table = field(default_factory=CHANGE_COLUMNS.empty_table)
    # what a restated night had decided, by account
    standing: pa.Table = field(default_factory=STANDING_COLUMNS.empty_table)
    # inherited triggers that two people approved since the night before
    approved: pa.Table = field(default_factory=APPROVED.empty_table)


@cache
def seed_features() -> dict[str, tuple[str, str]]:
    """The family and source of each of the 44 features, in the order of the seed."""
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        return {row["feature"]: (row["family"], row["source"]) for row in csv.DictReader(stream)}


def all_features() -> dict[str, str]:
    """The source of every feature that the decision may read."""
    return {name: source for name, (_, source) in (seed_features() | EXTRA_FEATURES).items()}


@cache
def project_logic() -> Logic:
    """The present decision code, without the models that only publish."""
    logic = compile_project().logic
    kept = tuple(model for model in logic.models if not model.name.startswith(NOT_NEEDED))
    return replace(logic, models=kept)


def broken(logic: Logic, model: str, change: Callable[[str], str]) -> Logic:
    """A copy of the decision code in which the SQL of one model is changed."""
    found = {entry.name: entry for entry in logic.models}
    sql = change(found[model].sql)
    assert sql != found[model].sql, f"{model} is as it was: the text to be changed is not in it"
    return replace(logic, models=tuple(replace(m, sql=sql) if m.name == model else m for m in logic.models))


def swapped(old: str, new: str) -> Callable[[str], str]:
    """A change that replaces text in SQL."""
    return lambda sql: re.sub(old, new, sql)


def trusted_sources(since: date) -> list[NightSource]:
    """Every source of the contract as delivered in time and trusted, with coverage from `since` on."""
    return [NightSource(name, True, "pass", False, False, since) for name in contract()]


class Nights:
    """Runs one night after another. `memory` holds the carried state, `warehouse` is tonight."""

    def __init__(self, logic: Logic, *, real_features: bool = False, way_back: bool = False) -> None:
        """
        Args:
            real_features: whether the feature models also run, on the snapshots passed in with each night.
            way_back: whether the models of recourse and promises, which decide nothing, also run.
        """
        self.logic = logic
        # with so few rows, a second thread would start too late to help
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("create schema memory.kept")
        for table in state_tables():
            declared = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            self.connection.execute(f"create table memory.kept.{table.name} ({declared})")
        made = {model.name for model in logic.models if model.name.startswith("ftr_")}
        self.real_features = real_features
        self.skip = set() if real_features else made - set(RUN_AS_THEY_ARE)
        if not way_back:
            self.skip |= {model.name for model in logic.models if model.name.startswith(WAY_BACK)}
        self.policies: list[PolicySet] = []

    def close(self) -> None:
        self.connection.close()

    def run(
        self,
        inputs: Inputs,
        *,
        snapshots: pa.Table | None = None,
        features: pa.Table | None = None,
        tamper: str | None = None,
        carry: bool = True,
    ) -> None:
        """Decide one night. A void night carries nothing over.

        Args:
            snapshots: the account snapshots of all nights so far, instead of tonight's only.
            features: features to use instead of those of the inputs.
            tamper: SQL that changes the loaded inputs, to see what would happen then.
            carry: if False, the night is only tried, and the next one does not continue from it.
        """
        self.connection.execute("use memory")
        self.connection.execute(f"detach database if exists {CATALOG}")
        use_scratch_catalog(self.connection)
        lay(self.connection, run_relations(inputs.night, inputs.sources))
        self._lay_policies(inputs.policies)
        self._lay_release(inputs)
        self._lay_raw(inputs, snapshots)
        if not self.real_features:
            self._lay_features(inputs.features if features is None else features)
            self.connection.register("given_events", inputs.last_events)
            self.connection.execute("create table ftr_last_event as select * from given_events")
            self.connection.unregister("given_events")
        self.connection.execute("create schema state")
        for table in state_tables():
            self.connection.execute(f"create table state.{table.name} as select * from memory.kept.{table.name}")
        if tamper:
            self.connection.execute(tamper)
        run_logic(self.connection, self.logic, skip=self.skip)
        if carry and not inputs.night.is_void:
            self.carry_over()

    def _lay_release(self, inputs: Inputs) -> None:
        for name, columns, rows in (
            ("adjustment", RELEASED_COLUMNS, inputs.orders),
            ("security_order", SECURITY_COLUMNS, inputs.watched),
            ("inherited_trigger", APPROVED_COLUMNS, inputs.approved),
        ):
            lay(self.connection, [Relation(f"release.{name}", columns)])
            self.connection.register("given_rows", rows)
            self.connection.execute(f"insert into release.{name} by name from given_rows")
            self.connection.unregister("given_rows")
        lay(self.connection, [standing_relation()])
        self._insert("release.standing_decision", standing_relation().columns, inputs.standing, {})

    def _lay_policies(self, policies: PolicySet) -> None:
        """Load the packs, and from the second time on copy them: from CSV, their rows are inserted one by one."""
        relations = policy_relations(policies)
        if policies not in self.policies:
            self.policies.append(policies)
            place = f"memory.policy_{len(self.policies)}"
            lay(self.connection, relations)
            self.connection.execute(f"create schema {place}")
            for relation in relations:
                name = relation.name.partition(".")[2]
                self.connection.execute(f"create table {place}.{name} as select * from {relation.name}")
            return
        place = f"memory.policy_{self.policies.index(policies) + 1}"
        self.connection.execute("create schema policy")
        for relation in relations:
            name = relation.name.partition(".")[2]
            self.connection.execute(f"create table {relation.name} as select * from {place}.{name}")

    def _lay_raw(self, inputs: Inputs, snapshots: pa.Table | None) -> None:
        day = inputs.night.business_date
        given = {
            "account_snapshot": (
                inputs.accounts if snapshots is None else snapshots,
                {"currency_code": "'CNY'", "days_past_due": "0"},
            ),
            "case_event": (inputs.events, {}),
            "opening_state": (inputs.opening, {}),
            "adjustment_ack": (inputs.acks, {}),
            "id_change": (inputs.changes, {}),
        }
        snapshot = raw_columns(contract()["account_snapshot"])
        # the windows of features are given, so their history is not read
        lay(
            self.connection,
            [Relation(f"raw.account_snapshot_{part}", snapshot) for part in ("trusted", "leaving", "history")],
        )
        lay(self.connection, [Relation("run.distrusted_column", {"source": "varchar", "column_name": "varchar"})])
        lay(self.connection, [Relation("raw.cash_flow_known", raw_columns(contract()["cash_flow"]))])
        lay(self.connection, [Relation("run.new_batch", {"batch_id": "varchar"}, rows=((CORRECTING,),))])
        lay(self.connection, [Relation("run.carried_state", {"is_complete": "boolean"}, rows=((True,),))])
        for source in contract().values():
            columns = raw_columns(source)
            lay(self.connection, [Relation(f"raw.{source.name}", columns)])
            if source.name in given:
                rows, constants = given[source.name]
                constants = {
                    "business_date": f"date '{day}'",
                    "batch_id": "'batch'",
                    "known_at": f"timestamp '{inputs.night.cut_off_at}'",
                    "source_row": "row_number() over ()",
                } | constants
                self._insert(f"raw.{source.name}", columns, rows, constants)
        self._lay_corrections(inputs)

    def _lay_corrections(self, inputs: Inputs) -> None:
        """Load the corrections. Only the night and the customer of a correcting row are read here."""
        for name in pc.unique(inputs.corrections["source"]).to_pylist():
            rows = inputs.corrections.filter(pc.equal(inputs.corrections["source"], name))
            rows = rows.rename_columns(["source", "business_date", "customer_key"]).drop_columns("source")
            place = {
                "batch_id": f"'{CORRECTING}'",
                "known_at": f"timestamp '{inputs.night.cut_off_at}'",
                "source_row": "row_number() over ()",
            }
            table = "account_snapshot_history" if name == "account_snapshot" else name
            self._insert(f"raw.{table}", raw_columns(contract()[name]), rows, place)

    def _insert(self, relation: str, columns: dict[str, str], rows: pa.Table, constants: dict[str, str]) -> None:
        """Insert rows: minor units become decimals in major units, and a column that is not given stays empty."""
        values = []
        for column, kind in columns.items():
            stem = column.removesuffix("_amount").removesuffix("_balance")
            if column in rows.column_names:
                value = column
            elif f"{stem}_minor" in rows.column_names:
                value = f"cast({stem}_minor as decimal(18, 0)) * cast(0.01 as decimal(3, 2))"
            else:
                value = constants.get(column, "null")
            values.append(f"cast({value} as {kind})")
        self.connection.register("given_rows", rows)
        self.connection.execute(f"insert into {relation} select {', '.join(values)} from given_rows")
        self.connection.unregister("given_rows")

    def _lay_features(self, features: pa.Table) -> None:
        self.connection.register("given_features", features)
        self.connection.execute("create table features as select * from given_features")
        self.connection.unregister("given_features")
        names = ", ".join(seed_features())
        self.connection.execute(f"create table ftr_customer as select customer_key, {names} from features")
        for family, model in OWN_MODELS.items():
            own = [name for name, (of, _) in (seed_features() | EXTRA_FEATURES).items() if of == family]
            self.connection.execute(f"create table {model} as select customer_key, {', '.join(own)} from features")

    def carry_over(self) -> None:
        """Keep what this night carries over, so that the next night continues from it."""
        for table in state_tables():
            if table.model in self.skip:
                continue
            columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in table.columns.items())
            kept = f"memory.kept.{table.name}"
            self.connection.execute(f"create or replace table {kept} as select {columns} from {table.model}")

    def believed_names(self) -> list[str]:
        """The features whose believed values are carried over."""
        customer = next(table for table in state_tables() if table.name == "customer")
        return [name for name in customer.columns if name not in customer.key]

    def believing(self, features: pa.Table, late: frozenset[str]) -> pa.Table:
        """The features, with the last believed values for those from late sources."""
        names = [name for name, source in all_features().items() if source in late and name in self.believed_names()]
        chosen = ", ".join(f"kept.{name} as {name}" for name in names)
        self.connection.register("fresh", features)
        replaced = f" replace ({chosen})" if names else ""
        table = self.table(
            f"select fresh.*{replaced} from fresh left join memory.kept.customer as kept using (customer_key)"
        )
        self.connection.unregister("fresh")
        return table

    def table(self, query: str) -> pa.Table:
        """Rows of tonight's warehouse."""
        return self.connection.execute(query).to_arrow_table()

    def rows(self, query: str) -> list[dict]:
        """Rows of tonight's warehouse as dicts."""
        return self.table(query).to_pylist()
