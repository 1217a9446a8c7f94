"""Changes of ids: checked against who is known, and applied in the identity store before tonight's ids are exchanged.

A renumbered account or customer keeps its key, so nothing after the gate changes, and orders show the new id. A customer who
is merged or split has more than one key: raw names both, and SQL follows them (decision.md). An id is never used again,
because late rows under it would find the wrong person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.identity import assign_keys, identity, known_ids
from creditline.home import Home
from creditline.home.database import one_row
from creditline.home.undone import UndoneChange
from creditline.landing.accept import Acceptance

SOURCE = "id_change"
_CHANGE = "kind, subject, old_id, new_id"
_SAME_CHANGE = "(kind, subject, old_key, new_key) = ($kind, $subject, $old_key, $new_key)"


class NotRevertible(CreditlineError):
    """A change of ids cannot be taken back; says why and what to do."""


def find_contradictions(home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance) -> None:
    """Create `contrary_<relation>` with the changes that contradict each other or the known ids: source_row, rule,
    column_name, value. They go to quarantine. A change that was taken in before is not new and contradicts nothing.

    If a killed gate began to take in this delivery, the same rows are held as then, because known ids may have changed.

    Raises:
        IdentityBusy: another process holds the store.
    """
    relations = _files_of_changes(acceptance)
    if not relations:
        return
    with identity(connection, home):
        connection.execute(
            "create or replace temp table judged_before as"
            " select relation, unnest(held, recursive := true) from identity.judged where manifest_sha256 = ?",
            [acceptance.manifest_sha256],
        )
        is_judged = one_row(
            connection.execute(
                "select count(*) > 0 from identity.judged where manifest_sha256 = ?", [acceptance.manifest_sha256]
            )
        )[0]
        if not is_judged:
            _judge(connection, relations)
    contradictions = "judged_before" if is_judged else "contradiction"
    for relation in relations:
        connection.execute(
            f"create or replace table contrary_{relation} as select source_row, rule, column_name,"
            " case column_name when 'kind' then kind when 'old_id' then old_id else new_id end as value"
            f" from {contradictions} inner join typed_{relation} using (source_row) where relation = '{relation}'"
        )


def _files_of_changes(acceptance: Acceptance) -> list[str]:
    """The names of the source's readable files in the temporary database of acceptance."""
    return [entry.relation for entry in acceptance.sources if entry.source == SOURCE and not entry.refusal]


def _judge(connection: duckdb.DuckDBPyConnection, relations: list[str]) -> None:
    """Lay `contradiction`: relation, source_row, rule, column_name."""
    rows = " union all ".join(
        f"select '{relation}' as relation, source_row, {_CHANGE}, effective_date from typed_{relation}"
        for relation in relations
    )
    connection.execute(
        # the suite holds rows with one key and different values; of equal rows the first is checked
        "create or replace temp table offered as"
        " select relation, kind, subject, old_id, min(source_row) as source_row, min(new_id) as new_id"
        f" from ({rows}) group by relation, kind, subject, old_id"
        " having min(new_id) = max(new_id) and min(effective_date) = max(effective_date)"
    )
    connection.execute(f"create or replace temp table contradiction as {_CONTRADICTIONS}")


_CONTRADICTIONS = f"""
    with
    news as (select distinct {_CHANGE} from offered anti join identity.change using ({_CHANGE})),
    uses as (
        select subject, id, count_if(is_old) as as_old, count_if(not is_old) as as_new,
            count_if(not is_old and kind <> 'merge') as as_new_alone
        from (
            select subject, kind, old_id as id, true as is_old from news
            union all
            select subject, kind, new_id, false from news
        )
        group by subject, id
    ),
    known as (
        select 'account' as subject, * from {known_ids("account")}
        union all
        select 'customer', * from {known_ids("customer")}
    ),
    waiting as (
        select subject, old_id as id from identity.change where not is_applied
        union
        select subject, new_id from identity.change where not is_applied
    ),
    judged as (
        select
            offered.*,
            case
                when news.subject <> 'customer' and news.kind <> 'renumber' then 'customers_only:kind'
                when news.old_id = news.new_id then 'another_id:new_id'
                when old_use.as_old > 1 or old_use.as_new > 0 or new_use.as_old > 0
                    or (new_use.as_new > 1 and new_use.as_new_alone > 0) then 'one_change:old_id'
                when old_waits.id is not null or new_waits.id is not null then 'waiting:old_id'
                when not coalesce(former.is_current, false) then 'known:old_id'
                when news.kind <> 'merge' and latter.id is not null then 'unused:new_id'
                when not coalesce(latter.is_current, true) then 'current:new_id'
            end as rule
        from offered
        inner join news using ({_CHANGE})
        inner join uses as old_use on news.subject = old_use.subject and news.old_id = old_use.id
        inner join uses as new_use on news.subject = new_use.subject and news.new_id = new_use.id
        left join waiting as old_waits on news.subject = old_waits.subject and news.old_id = old_waits.id
        left join waiting as new_waits on news.subject = new_waits.subject and news.new_id = new_waits.id
        left join known as former on news.subject = former.subject and news.old_id = former.id
        left join known as latter on news.subject = latter.subject and news.new_id = latter.id
    )
    select relation, source_row, rule, split_part(rule, ':', 2) as column_name
    from judged where rule is not null
"""


def take_id_changes(connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, relations: list[str]) -> None:
    """Take in tonight's changes and apply every one whose date has come; the same delivery again changes nothing. The held
    changes are recorded in the same transaction.

    Args:
        connection: `identity` must be attached for writing.
        relations: the accepted files of the source, by their names in the temporary database of acceptance.
    """
    rows = "".join(f" union all select {_CHANGE}, effective_date from accepted_{relation}" for relation in relations)
    connection.execute(
        f"create or replace temp table taken as select {_CHANGE}, max(effective_date) as effective_date"
        " from (select kind, subject, old_id, new_id, effective_date from identity.change where false"
        f"{rows}) group by {_CHANGE}"
    )
    _note_judged(connection, acceptance)
    _note(connection)
    for statement in (*_apply_renumbers("account"), *_apply_renumbers("customer"), *_APPLY_MERGES):
        connection.execute(statement, {"tonight": acceptance.business_date})
    connection.execute(
        "update identity.change set is_applied = true, seal = null where not is_applied and effective_date <= $tonight",
        {"tonight": acceptance.business_date},
    )


def _note_judged(connection: duckdb.DuckDBPyConnection, acceptance: Acceptance) -> None:
    connection.execute("delete from identity.judged")
    for relation in _files_of_changes(acceptance):
        connection.execute(
            "insert into identity.judged select ?, ?, coalesce(list({'source_row': source_row, 'rule': rule,"
            f" 'column_name': column_name}} order by source_row), []) from contrary_{relation}",
            [acceptance.manifest_sha256, relation],
        )


def _note(connection: duckdb.DuckDBPyConnection) -> None:
    """Record each change with its keys. The new id of a renumbering finds the key from now on, even before its date."""
    assign_keys(
        connection, "customer", "select new_id as id from taken where subject = 'customer' and kind <> 'renumber'"
    )
    connection.execute(
        "update identity.change as waiting set effective_date = taken.effective_date, seal = null from taken"
        " where not is_applied and (waiting.kind, waiting.subject, waiting.old_id, waiting.new_id)"
        " = (taken.kind, taken.subject, taken.old_id, taken.new_id)"
    )
    for subject in ("account", "customer"):
        connection.execute(
            f"insert into identity.change ({_CHANGE}, effective_date, old_key, new_key, is_applied)"
            f" select {_CHANGE}, effective_date, former.key,"
            " case when kind = 'renumber' then former.key else latter.key end, false"
            f" from (from taken anti join identity.change using ({_CHANGE}) where subject = '{subject}') as news"
            f" inner join {known_ids(subject)} as former on news.old_id = former.id"
            f" left join {known_ids(subject)} as latter on news.new_id = latter.id order by all"
        )
    connection.execute(
        "insert into identity.alias (subject, id, key) select subject, id, key from ("
        "select subject, new_id as id, new_key as key from identity.change where kind = 'renumber' and not is_applied)"
        " anti join identity.alias using (subject, id) order by all"
    )


def revert_changes(connection: duckdb.DuckDBPyConnection, changes: Collection[UndoneChange]) -> None:
    """Take back changes of ids, as if they had never come: whoever had an id before has it again. A change that is not noted
    any more is passed over.

    Args:
        connection: `identity` must be attached for writing.

    Raises:
        NotRevertible: a customer was merged who had been merged into before, so it is not known which ids were whose.
    """
    for change in changes:
        row = connection.execute(
            f"select old_id, new_id, is_applied from identity.change where {_SAME_CHANGE}", asdict(change)
        ).fetchone()
        if row is None:
            continue
        old_id, new_id, is_applied = row
        if change.kind == "renumber":
            _revert_renumber(connection, change, old_id, new_id, is_applied)
        elif change.kind == "merge" and is_applied:
            _revert_merge(connection, change, old_id)
        connection.execute(f"delete from identity.change where {_SAME_CHANGE}", asdict(change))


def noted_changes(connection: duckdb.DuckDBPyConnection, changes: Collection[UndoneChange]) -> tuple[UndoneChange, ...]:
    """Those of some changes that are noted in the store; it is attached as `identity`."""
    query = f"select count(*) > 0 from identity.change where {_SAME_CHANGE}"
    return tuple(change for change in changes if one_row(connection.execute(query, asdict(change)))[0])


def _revert_renumber(
    connection: duckdb.DuckDBPyConnection, change: UndoneChange, old_id: str, new_id: str, is_applied: bool
) -> None:
    subject, key = change.subject, change.new_key
    gone = old_id if is_applied else new_id
    connection.execute(
        "delete from identity.alias where subject = $subject and id = $gone and key = $key",
        {"subject": subject, "gone": gone, "key": key},
    )
    if is_applied:
        connection.execute(
            f"update identity.{subject} set {subject}_id = $old_id, seal = null"
            f" where {subject}_key = $key and {subject}_id = $new_id",
            {"old_id": old_id, "new_id": new_id, "key": key},
        )


def _revert_merge(connection: duckdb.DuckDBPyConnection, change: UndoneChange, old_id: str) -> None:
    keys = {"old_key": change.old_key, "new_key": change.new_key}
    (is_chain,) = one_row(
        connection.execute(
            "select count(*) > 0 from identity.change where kind = 'merge' and is_applied and new_key = $old_key",
            {"old_key": change.old_key},
        )
    )
    if is_chain:
        raise NotRevertible(
            f"customer key {change.old_key} had others merged into it before it was merged; have the customers split again by"
            " id_change of a later delivery (docs/reference/landing.md)"
        )
    connection.execute(
        "update identity.alias set key = $old_key, seal = null where subject = 'customer' and key = $new_key and id in ("
        "select old_id from identity.change where kind = 'renumber' and subject = 'customer' and is_applied and new_key = $old_key"
        " union all select new_id from identity.change where kind = 'renumber' and subject = 'customer' and not is_applied"
        " and new_key = $old_key)",
        keys,
    )
    connection.execute(
        "delete from identity.alias where subject = 'customer' and id = $old_id and key = $new_key",
        {"old_id": old_id, "new_key": change.new_key},
    )
    connection.execute("delete from identity.merged where customer_key = $old_key and into_key = $new_key", keys)
    connection.execute(
        "insert into identity.customer (customer_key, customer_id) values ($old_key, $old_id)",
        {"old_key": change.old_key, "old_id": old_id},
    )


def _due(kind: str, subject: str) -> str:
    return (
        "(select * from identity.change where not is_applied and effective_date <= $tonight"
        f" and kind = '{kind}' and subject = '{subject}')"
    )


def _apply_renumbers(subject: str) -> list[str]:
    """Give the key its new id, and make the old id an alias."""
    due = _due("renumber", subject)
    return [
        f"insert into identity.alias (subject, id, key) select '{subject}', {subject}_id, {subject}_key from identity.{subject}"
        f" where {subject}_key in (select new_key from {due} as due) order by all",
        f"delete from identity.alias where subject = '{subject}' and id in (select new_id from {due} as due)",
        f"update identity.{subject} set {subject}_id = due.new_id, seal = null from {due} as due where {subject}_key = due.new_key",
    ]


# All ids of the customer who is merged find the survivor's key.
_APPLY_MERGES = (
    "insert into identity.alias (subject, id, key) select 'customer', customer_id, due.new_key from identity.customer"
    f" inner join {_due('merge', 'customer')} as due on customer_key = due.old_key order by all",
    f"update identity.alias set key = due.new_key, seal = null from {_due('merge', 'customer')} as due"
    " where alias.subject = 'customer' and alias.key = due.old_key",
    f"delete from identity.customer where customer_key in (select old_key from {_due('merge', 'customer')} as due)",
    f"update identity.merged set into_key = due.new_key, seal = null from {_due('merge', 'customer')} as due"
    " where into_key = due.old_key",
    f"insert into identity.merged (customer_key, into_key) select old_key, new_key from {_due('merge', 'customer')} as due order by all",
)
