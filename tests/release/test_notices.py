"""Who is told what: the customer in plain words, the restricted queue alone of the dead and of those under a legal hold."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta

import duckdb
import pytest
import yaml
from homes import copy_home
from resigned import lay_record, resign, write_identity

from creditline.home import Home
from creditline.home.marts import ADDED, mart_rows
from creditline.home.proof import NotGenuine, read_signed, write_signed
from creditline.home.publications import REVISION
from creditline.release import notices, settle
from creditline.release.notices import FEED, RESTRICTED_FEED, send_notices
from creditline.release.wording import reason_words, recourse_facts, way_back

# What the night before ordered, all of it applied by the core.
APPLIED = """
    select date '{night}' as business_date, sha256(account_key::varchar) as adjustment_id, account_key, 1::bigint as sequence,
        business_date as released_date, action, old_limit_amount, new_limit_amount, expires_at, 'APPLIED' as status,
        'IN_FLIGHT' as status_before, true as is_newly_applied, null::decimal(18, 2) as applied_limit_amount,
        null::timestamp as acked_at, null as ack_reason
    from read_parquet('{before}/fct_limit_adjustment.parquet')
"""


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book; on its last night everything that the night before ordered is known to be applied."""
    home = copy_home(sample_book.home, tmp_path / "home")
    before, last = home.published_dates()[-2:]
    with duckdb.connect() as connection:
        applied = APPLIED.format(night=last, before=marts(home, before))
        connection.execute(f"copy ({applied}) to '{marts(home, last)}/fct_order_night.parquet' (format parquet)")
    resign(home)
    (home.releases / "settlement" / f"{last}.through").unlink()
    for folder in (home.releases, home.outbox):
        for feed in (FEED, RESTRICTED_FEED, "security_orders"):
            shutil.rmtree(folder / feed, ignore_errors=True)
    return home


def marts(home, night):
    return home.published / str(night) / REVISION / "marts"


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


def change(home, night, mart, replaced):
    """Rewrite columns of a published mart."""
    file = marts(home, night) / f"{mart}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table changed as select * replace ({replaced}) from read_parquet('{file}')")
        connection.execute(f"copy changed to '{file}' (format parquet)")
    resign(home, night)


def told(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file else []


def customers(home, night):
    """Whom the applied cuts are about, by their keys, in order."""
    return [
        row[0]
        for row in duckdb.sql(
            f"select distinct customer_key from read_parquet('{marts(home, night - timedelta(days=1))}/fct_limit_adjustment"
            ".parquet') where action = 'DOWN' order by 1"
        ).fetchall()
    ]


def test_nobody_is_told_that_ten_yuan_can_be_borrowed(home, night):
    change(home, night - timedelta(days=1), "fct_notice", "10::decimal(18, 2) as min_limit_amount")
    change(home, night, "fct_order_night", "10::decimal(18, 2) as new_limit_amount")
    notices = told(send_notices(home, night).file)
    assert notices
    for notice in notices:
        assert notice["new_limit_amount"] is None
        assert notice["cannot_borrow_en"] == f"You cannot borrow now, because: {notice['reasons'][0]['text_en']}."
        assert notice["cannot_borrow_zh"] == f"您目前不能借款，原因：{notice['reasons'][0]['text_zh']}。"


def test_what_comes_back_is_not_said_to_come_from_ten_yuan(home, night):
    change(home, night, "fct_order_night", "10::decimal(18, 2) as old_limit_amount")
    notices = told(send_notices(home, night).file)
    assert notices
    assert {notice["old_limit_amount"] for notice in notices} == {None}


def test_a_cut_that_leaves_something_names_it(home, night):
    change(home, night - timedelta(days=1), "fct_notice", "null::decimal(18, 2) as stopped_principal_balance")
    change(home, night, "fct_order_night", "6000::decimal(18, 2) as new_limit_amount")
    notices = told(send_notices(home, night).file)
    assert {(notice["new_limit_amount"], notice["cannot_borrow_en"]) for notice in notices} == {("6000.00", None)}


@pytest.mark.parametrize(("owed", "is_said"), [("5999.99", True), ("6000.00", False)])
def test_who_is_stopped_below_the_limit_is_told_that_nothing_can_be_borrowed(home, night, owed, is_said):
    change(home, night - timedelta(days=1), "fct_notice", f"{owed}::decimal(18, 2) as stopped_principal_balance")
    change(home, night, "fct_order_night", "6000::decimal(18, 2) as new_limit_amount")
    notices = told(send_notices(home, night).file)
    assert {notice["cannot_borrow_en"] is not None for notice in notices} == {is_said}
    assert {notice["new_limit_amount"] for notice in notices} == {"6000.00"}


RECOURSE = """
    'OPEN' as promise_status, date '2027-03-04' as restores_on_date, 6400::decimal(18, 2) as restores_to_amount,
    date '2027-02-01' as first_raised_on_date, 5000::decimal(18, 2) as first_raised_amount,
    'pay what is past due' as actions_en, '还清逾期' as actions_zh
"""
FREEZE = "date '2026-09-09' as unfrozen_on_date, 'verify your identity' as sooner_en, '完成身份验证' as sooner_zh"


def lay_recourse(home, night, columns):
    """Everybody whose limit the night before lowered has this way back."""
    everybody = f"read_parquet('{marts(home, night - timedelta(days=1))}/fct_limit_adjustment.parquet')"
    file = marts(home, night) / "fct_recourse.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table one as from read_parquet('{file}') limit 0")
        connection.execute(
            f"insert into one by name select {columns}, account_key from {everybody} where action = 'DOWN'"
        )
        connection.execute(f"copy one to '{file}' (format parquet)")
    resign(home, night)


def test_a_cut_is_told_with_the_day_on_which_the_limit_is_back(home, night):
    lay_recourse(home, night, RECOURSE)
    notices = [notice for notice in told(send_notices(home, night).file) if notice["action"] == "DOWN"]
    assert notices
    for notice in notices:
        assert notice["way_back"] == {
            "restores_on_date": "2027-03-04",
            "restores_to_amount": "6400.00",
            "unfrozen_on_date": None,
            "text_en": "What brings your limit back: pay what is past due. It begins to rise by 1 February 2027, to at least 5,000"
            " yuan. If nothing else gets worse, your limit is back at 6,400 yuan by 4 March 2027 at the latest.",
            "text_zh": "恢复额度的办法：还清逾期。您的额度最迟2027年2月1日开始回升，至少升到5,000元。如其他情况没有变差，您的额度最迟2027年3月4日恢复到6,400元。",
        }


def test_whoever_is_cut_is_told_how_to_contest_it(home, night):
    path = home.root / "creditline.yml"
    route = {"appeal_route": {"zh": "请致电95000", "en": "Call 95000 to appeal."}}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | route, allow_unicode=True))
    notices = told(send_notices(Home(home.root), night).file)
    routes = {(one["action"], one["appeal_zh"], one["appeal_en"]) for one in notices}
    assert ("DOWN", "请致电95000", "Call 95000 to appeal.") in routes
    assert {route for route in routes if route[0] in ("UP", "RESTORE")} <= {("UP", None, None), ("RESTORE", None, None)}


def test_a_freeze_is_told_with_its_own_day_beside_that_of_the_limit(home, night):
    lay_recourse(home, night, f"{RECOURSE.strip()}, {FREEZE}")
    change(home, night, "fct_order_night", "'FREEZE' as action")
    ways = [
        notice["way_back"] for notice in told(send_notices(home, night).file) if notice["way_back"]["restores_on_date"]
    ]
    assert ways
    for way in ways:
        assert (way["restores_on_date"], way["unfrozen_on_date"]) == ("2027-03-04", "2026-09-09")
        assert way["text_en"].startswith(
            "If nothing unusual happens again, borrowing opens again by itself by 9 September at the latest. To borrow"
            " again sooner, please verify your identity. What brings your limit back: pay what is past due."
        )
        assert "如需提前恢复借款，请完成身份验证。恢复额度的办法：还清逾期。" in way["text_zh"]


def test_the_day_of_a_freeze_is_no_promise_of_an_earlier_release():
    """It was given as that of a promise, of the limit that stood."""
    row = dict.fromkeys((*ADDED["fct_recourse"],)) | {"restores_on_date": date(2026, 9, 9), "actions_en": "verify"}
    facts = recourse_facts(row, "en")
    assert way_back(facts, "CNY", "en", date(2026, 9, 8), is_frozen=True) == [
        "If nothing unusual happens again, borrowing opens again by itself by 9 September at the latest."
    ]


def test_a_freeze_that_nobody_can_date_promises_no_limit():
    assert way_back(None, "CNY", "zh", date(2026, 9, 8), is_frozen=True) == [
        "目前还不能确定借款功能何时恢复，请联系客服。"
    ]


def test_a_cap_is_said_to_be_the_law_and_to_have_no_day():
    assert way_back(None, "CNY", "en", date(2026, 9, 8), is_frozen=False, is_capped=True) == [
        "The law sets this maximum; your limit cannot be higher while that rule stands."
    ]


@pytest.mark.parametrize(
    "mart", ["fct_order_night", "fct_decision_reason", "fct_recourse", "dim_customer", "fct_notice"]
)
def test_nobody_is_told_what_altered_bytes_say(home, night, mart):
    for day in (night, night - timedelta(days=1)):
        file = marts(home, day) / f"{mart}.parquet"
        file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(NotGenuine, match=rf"{mart}\.parquet was changed"):
        send_notices(home, night)
    assert not (home.outbox / FEED).exists()


def test_a_cut_with_no_date_says_so_and_a_raise_says_nothing(home, night):
    file = marts(home, night) / "fct_recourse.parquet"
    duckdb.sql(f"copy (from read_parquet('{file}') limit 0) to '{file}' (format parquet)")
    resign(home, night)
    change(
        home,
        night,
        "fct_order_night",
        "case when action = 'DOWN' and account_key % 2 = 0 then 'UP' else action end as action",
    )
    ways = {}
    for notice in told(send_notices(home, night).file):
        ways.setdefault(notice["action"], []).append(notice["way_back"])
    assert ways["UP"] == [None] * len(ways["UP"])
    assert {(way["restores_on_date"], way["text_en"]) for way in ways["DOWN"]} == {
        (None, "We cannot name a day yet on which your limit returns; the advice says what helps.")
    }


def test_a_night_of_an_earlier_release_is_told_all_the_same(home, night):
    """It published neither the words of the desks nor whom nothing may be told, and no way back."""
    before = told(send_notices(home, night).file)
    shutil.rmtree(home.releases / FEED)
    decided = night - timedelta(days=1)
    leave_out(home, decided, "fct_decision_reason", "regexp_matches(name, '^(agent|restricted)_')")
    for day in (decided, night):
        leave_out(home, day, "dim_customer", "name = 'is_restricted'")
    take_away(home, night, "fct_recourse")
    take_away(home, decided, "fct_notice")
    notices = told(send_notices(home, night).file)
    assert [one | {"way_back": None} for one in notices] == [one | {"way_back": None} for one in before]
    assert {notice["way_back"]["restores_on_date"] for notice in notices if notice["action"] == "DOWN"} == {None}


def test_what_an_earlier_release_said_of_notices_is_what_its_other_marts_say(home):
    nights = home.published_dates()

    def said():
        return duckdb.sql(f"from ({mart_rows(home, 'fct_notice', nights)}) order by all").fetchall()

    of_this_release = said()
    assert of_this_release
    for day in nights[:-1]:
        take_away(home, day, "fct_notice")
    assert said() == of_this_release


def take_away(home, night, mart):
    """Make a night one of a release that did not have a mart."""
    (marts(home, night) / f"{mart}.parquet").unlink()
    manifest = home.published / str(night) / REVISION / "manifest.json"
    stated = json.loads(manifest.read_text())
    del stated["rows"][mart]
    manifest.write_text(json.dumps(stated))
    resign(home, night)


def leave_out(home, night, mart, condition):
    """Rewrite a published mart without the columns whose name meets a condition."""
    file = marts(home, night) / f"{mart}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table old as from read_parquet('{file}')")
        for (column,) in connection.execute(f"select name from pragma_table_info('old') where {condition}").fetchall():
            connection.execute(f"alter table old drop column {column}")
        connection.execute(f"copy old to '{file}' (format parquet)")
    resign(home, night)


def test_words_that_were_not_published_are_never_those_of_a_desk_for_a_customer():
    there = {
        f"{audience}{name}_zh": None if audience in ("", "restricted_") else "desk"
        for audience in ("", "agent_", "restricted_")
        for name in ("text", "advice")
    }
    assert reason_words(there, "restricted", "zh") == {"text": "desk", "advice": "desk"}
    assert reason_words(there, "customer", "zh")["advice"] == "请联系客服了解原因"


@pytest.mark.parametrize("on", ["the night of the notice", "the night of the decision"])
def test_of_the_dead_only_the_restricted_queue_is_told(home, night, on):
    one = customers(home, night)[0]
    when = night if on == "the night of the notice" else night - timedelta(days=1)
    everybody = len(told(send_notices(home, night).file))
    shutil.rmtree(home.releases / FEED)
    change(home, when, "dim_customer", f"customer_key = {one} as is_restricted")
    sent = send_notices(home, night)
    ordinary, restricted = told(sent.file), told(sent.restricted_file)
    assert restricted
    assert len(ordinary) == everybody - len(restricted) == sent.count
    assert sent.restricted_count == len(restricted)
    ids = {notice["customer_id"] for notice in restricted}
    assert len(ids) == 1
    assert not ids & {notice["customer_id"] for notice in ordinary}
    # its desk reads what a customer must not: the amounts as they are, the words for the desk
    assert all(notice["new_limit_amount"] for notice in restricted)
    assert restricted[0]["reasons"][0]["text_en"] != _customers_words(home, night, restricted[0])


def test_of_whom_is_merged_into_one_of_the_dead_only_the_restricted_queue_is_told(home, night):
    one = customers(home, night)[0]
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        dead, survivor = connection.execute(
            "select customer_key, customer_id from customer where customer_key <> ? order by 1 limit 1", [one]
        ).fetchone()
    write_identity(
        home,
        f"delete from identity.customer where customer_key = {one}",
        f"insert into identity.merged (customer_key, into_key) values ({one}, {dead})",
    )
    change(home, night, "dim_customer", f"customer_key = {dead} as is_restricted")
    sent = send_notices(home, night)
    assert survivor in {notice["customer_id"] for notice in told(sent.restricted_file)}
    assert survivor not in {notice["customer_id"] for notice in told(sent.file)}


def give_away(home, night, customer):
    """On this night all accounts of a customer are somebody else's of whom no change is told. Returns: both ids."""
    known = ", ".join(map(str, customers(home, night)))
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        (old,) = connection.execute("select customer_id from customer where customer_key = ?", [customer]).fetchone()
        new_key, new = connection.execute(
            f"select customer_key, customer_id from customer where customer_key not in ({known}) order by 1 limit 1"
        ).fetchone()
    moved = f"case when customer_key = {customer} then {new_key} else customer_key end as customer_key"
    change(home, night, "fct_account_night", moved)
    return old, new


def test_of_an_account_that_went_to_somebody_else_the_restricted_queue_alone_is_told(home, night):
    old, new = give_away(home, night, customers(home, night)[0])
    sent = send_notices(home, night)
    assert {notice["customer_id"] for notice in told(sent.restricted_file)} == {new}
    assert not {old, new} & {notice["customer_id"] for notice in told(sent.file)}


def _customers_words(home, night, notice):
    (words,) = duckdb.sql(
        f"select text_en from read_parquet('{marts(home, night - timedelta(days=1))}/fct_decision_reason.parquet')"
        f" where sha256(account_key::varchar) = '{notice['adjustment_id']}' and reason_rank = 1"
    ).fetchone()
    return words


def leave_late(home, night, **told):
    """A freeze of the night before, whose settlement noted this of freezes (nothing: an earlier release did); this night is not
    settled yet. Returns: where the records of settlements are."""
    before = night - timedelta(days=1)
    lay_security_order(home, before)
    settled = home.releases / "settlement"
    (settled / f"{night}.json").unlink()
    record = read_signed(home, settled / f"{before}.json")
    del record["security_through"]
    write_signed(home, settled / f"{before}.json", record | told)
    return settled


@pytest.mark.parametrize(("told_through", "told_now"), [(0, True), (1, False), (None, False)])
def test_a_freeze_that_left_after_its_night_was_settled_is_told_by_the_next(home, night, told_through, told_now):
    settled = leave_late(home, night, security_through=told_through)
    notices = settle(home, night).notices
    assert ("FREEZE" in {notice["action"] for notice in told(notices.file)}) == told_now
    assert json.loads((settled / f"{night}.json").read_text())["security_through"] == 1


@pytest.mark.parametrize(("noted", "told_now"), [(0, True), (1, False)])
def test_of_a_night_that_an_earlier_release_settled_it_is_told_what_left_after_the_note(home, night, noted, told_now):
    settled = leave_late(home, night)
    write_signed(home, settled / f"{night - timedelta(days=1)}.through", {"security_through": noted})
    assert ("FREEZE" in {notice["action"] for notice in told(settle(home, night).notices.file)}) == told_now


@pytest.mark.parametrize("by", ["the next night", "a watch of a later day"])
def test_a_late_freeze_that_is_over_is_not_told_any_more(home, night, by):
    before = night - timedelta(days=1)
    lay_security_order(home, before)
    ended = night if by == "the next night" else night + timedelta(days=1)
    lay_security_order(home, ended, action="RESTORE", sequence=2, is_in_mart=ended == night)
    sent = told(send_notices(home, night, told_through=0).file)
    actions = [notice["action"] for notice in sent if notice["action"] in ("FREEZE", "RESTORE")]
    assert actions == (["RESTORE"] if ended == night else [])


def test_a_late_restore_of_who_is_frozen_again_is_not_told_any_more(home, night):
    before = night - timedelta(days=1)
    lay_security_order(home, before, action="RESTORE")
    lay_security_order(home, night, action="FREEZE", sequence=2)
    sent = told(send_notices(home, night, told_through=0).file)
    assert [notice["action"] for notice in sent if notice["adjustment_id"] in IDS.values()] == ["FREEZE"]


IDS = {"FREEZE": "0 freeze", "RESTORE": "1 restore"}


def lay_security_order(home, night, *, action="FREEZE", sequence=1, is_in_mart=True):
    """An order about one account whose customer must be told, always the same one, that left with a file of the feed; the
    night called for it, or a watch of that day did (not `is_in_mart`)."""
    folder = home.releases / "security_orders"
    folder.mkdir(exist_ok=True)
    first = home.published_dates()[-2]
    order = (
        f"select {sequence}::bigint as sequence, '{IDS[action]}' as adjustment_id, date '{night}' as business_date, account_key,"
        f" customer_key, '{action}' as action, old_limit_amount, old_limit_amount as new_limit_amount"
        f" from read_parquet('{marts(home, first)}/fct_limit_decision.parquet')"
        " where is_notice_required order by account_key limit 1"
    )
    with duckdb.connect() as connection:
        connection.execute(f"copy ({order}) to '{folder}/{sequence:06d}.parquet' (format parquet)")
        if is_in_mart:
            connection.execute(f"copy ({order}) to '{marts(home, night)}/fct_security_order.parquet' (format parquet)")
            resign(home, night)
    lay_record(home, folder / f"{sequence:06d}.json", {"business_date": str(night), "sequence": sequence})
    if is_in_mart:
        call_for_notice(home, night, f"{folder}/{sequence:06d}.parquet")


def call_for_notice(home, night, orders):
    """A night says that the customers of some orders must be told, as the night before the last said it of them."""
    files = [marts(home, day) / "fct_notice.parquet" for day in (night, home.published_dates()[-2])]
    with duckdb.connect() as connection:
        connection.execute(f"create table notice as from read_parquet('{files[0]}')")
        connection.execute(
            f"insert into notice select * replace (date '{night}' as business_date) from read_parquet('{files[1]}')"
            f" where account_key in (select account_key from read_parquet('{orders}'))"
            " and account_key not in (select account_key from notice)"
        )
        connection.execute(f"copy notice to '{files[0]}' (format parquet)")
    resign(home, night)


def test_a_run_that_was_killed_before_its_record_tells_again_what_it_told_whatever_left_since(home, night, monkeypatch):
    lay_security_order(home, night - timedelta(days=1))
    write = notices.write_signed

    def write_or_die(home, path, record):
        write(home, path, record) if path.parent != home.releases / FEED else 1 / 0

    with monkeypatch.context() as killed:
        killed.setattr(notices, "write_signed", write_or_die)
        with pytest.raises(ZeroDivisionError):
            send_notices(home, night, told_through=0)
    first = (home.outbox / FEED / f"notices_{night}_000001.jsonl").read_bytes()
    lay_security_order(home, night, action="RESTORE", sequence=2)
    assert send_notices(home, night, told_through=0).file.read_bytes() == first


def test_a_run_that_was_killed_between_the_two_queues_writes_the_second(home, night, monkeypatch):
    one = customers(home, night)[0]
    change(home, night, "dim_customer", f"customer_key = {one} as is_restricted")
    with monkeypatch.context() as killed:
        killed.setattr("creditline.release.notices._for_desk", lambda _change: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_notices(home, night)
    first = (home.outbox / FEED / f"notices_{night}_000001.jsonl").read_bytes()
    sent = send_notices(home, night)
    assert sent.restricted_count > 0
    assert sent.file.read_bytes() == first
    assert send_notices(home, night) == sent
