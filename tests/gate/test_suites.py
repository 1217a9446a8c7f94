"""Suites: the quarantine's translation of every expectation counts what Great Expectations counts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import duckdb
import pytest
from small_delivery import NIGHT, add_entry, deliver

from creditline.gate.checkpoint import run_suites
from creditline.gate.inputs import gate_inputs
from creditline.gate.suites import load_suite, parse_suite
from creditline.landing.accept import accept
from creditline.landing.contract import contract
from creditline.project import SUITES_DIR

# code, amount, score, day; planted: what each rule must find
_ROWS = """
    select * from (values
        ('a', 1.00, 5, date '2026-01-01'), ('b', -1.00, 5, date '2026-01-02'), ('b', 2.00, null, date '2026-01-03'),
        ('c', null, 9, null), (null, 3.00, 11, date '2026-01-05'), ('d', 7.00, 10, date '2026-01-09'),
        ('secret-id', 7.00, 3, date '2026-01-09')
    ) as planted(code, amount, score, day)"""
_KNOWN = "date '2026-01-05'"


def expectation(kind: str, rule: str, **kwargs: object) -> dict:
    return {"type": kind, "kwargs": kwargs, "meta": {"rule": rule, "column": "code", "on_fail": "quarantine"}}


PLANTED = [
    (expectation("expect_column_values_to_not_be_null", "not_null", column="code"), 1),
    (expectation("expect_column_values_to_be_in_set", "in_set", column="code", value_set=["a", "b", "c", "d"]), 1),
    (expectation("expect_column_values_to_be_between", "between", column="amount", min_value=0, max_value=5), 3),
    (expectation("expect_column_values_to_be_between", "at_most", column="score", max_value=10), 1),
    (expectation("expect_column_values_to_be_unique", "unique", column="code"), 2),
    (expectation("expect_compound_columns_to_be_unique", "compound", column_list=["amount", "day"], ignore_row_if="never"), 2),
    (
        expectation(
            "expect_column_pair_values_a_to_be_greater_than_b",
            "pair_or_equal",
            column_A="known",
            column_B="day",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
        2,
    ),
    (
        expectation(
            "expect_column_pair_values_a_to_be_greater_than_b",
            "pair",
            column_A="known",
            column_B="day",
            ignore_row_if="either_value_is_missing",
        ),
        3,
    ),
    (expectation("unexpected_rows_expectation", "rows", unexpected_rows_query="select * from {batch} where amount > 2 and score > 2"), 3),
]  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The planted rows, judged by Great Expectations and by the translation; and the folder of its Data Docs."""
    folder = tmp_path_factory.mktemp("suites")
    suite = parse_suite({"name": "planted", "expectations": [case for case, _ in PLANTED], "meta": {}})
    database = folder / "planted.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create table planted as select *, {_KNOWN} as known from ({_ROWS})")
        ours = {
            rule.name: connection.execute(
                f"select count(*) from planted where {rule.breaks.format(batch='planted')}"
            ).fetchone()[0]
            for rule in suite.row_rules
        }
    results = run_suites(
        database,
        {"planted": suite},
        name="planted",
        run_name="2026-09-01",
        docs=folder / "docs",
        bounds={},
        spill_limit="1GB",
    )
    return {result.rule: result for result in results}, ours, folder / "docs"


@pytest.mark.parametrize(("case", "planted"), PLANTED, ids=[case["meta"]["rule"] for case, _ in PLANTED])
def test_great_expectations_and_the_quarantine_count_the_planted_rows(judged, case, planted):
    results, ours, _ = judged
    result = results[case["meta"]["rule"]]
    assert (result.unexpected_count, ours[result.rule]) == (planted, planted)
    assert (result.success, result.error) == (False, None)


def test_no_value_of_a_row_stands_in_the_evidence(judged):
    _, _, docs = judged
    pages = list(docs.rglob("*.html"))
    assert len(pages) == 2  # the index, and one validation
    assert [page for page in pages if b"secret-id" in page.read_bytes()] == []
    assert any(b"expect" in page.read_bytes().lower() or b"values" in page.read_bytes() for page in pages)


class _Named(HTMLParser):
    """Everything that a page names: in attributes, in styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = re.findall(r"""(?:@import\s+|url\(\s*)["']?([^"')\s;]+)""", page)
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.found += [
            value for name, value in attrs if name in ("src", "href", "srcset", "action", "data", "poster") and value
        ]


def test_a_page_of_evidence_needs_no_other_host_and_no_script(judged):
    _, _, docs = judged
    pages = {page: _Named(page.read_text()) for page in docs.rglob("*.html")}
    assert {
        place for page in pages.values() for place in page.found if re.match(r"(?!data:)[a-z]*:|//", place)
    } == set()
    assert {page.scripts for page in pages.values()} == {0}
    for page, named in pages.items():
        there = [place for place in named.found if not place.startswith(("#", "data:"))]
        assert [place for place in there if not (page.parent / place).is_file()] == []
    # nothing else lies there: no fonts, no pictures
    assert {path for path in docs.rglob("*") if path.is_file()} == pages.keys()


def test_the_list_of_validations_is_in_the_page_and_the_run_bears_the_night_s_date(judged):
    _, _, docs = judged
    index = (docs / "index.html").read_text()
    (link,) = [place for place in _Named(index).found if place.endswith(".html")]
    assert link.startswith("validations/planted/2026-09-01/")
    assert "2026-09-01" in re.sub(r"<[^>]*>", "", index)
    assert "__none__" not in index + (docs / link).read_text()


def test_a_row_rule_without_a_translation_is_refused():
    with pytest.raises(KeyError):
        parse_suite({"name": "odd", "meta": {}, "expectations": [expectation("expect_column_mean_to_be_between", "mean", column="amount")]})  # fmt: skip
    with pytest.raises(KeyError):
        parse_suite({"name": "odd", "meta": {}, "expectations": [expectation("unexpected_rows_expectation", "rows", unexpected_rows_query="select 1")]})  # fmt: skip


# --- the suites of the house -----------------------------------------------------------------------------------------


def test_every_source_has_one_suite_of_its_name():
    assert sorted(path.stem for path in SUITES_DIR.glob("*.json")) == sorted(contract())
    for name in contract():
        assert load_suite(name).name == name


@pytest.mark.parametrize("name", contract())
def test_a_suite_guards_its_key_and_names_columns_of_the_contract(name):
    suite, source = load_suite(name), contract()[name]
    columns = {column.name for column in source.columns}
    keys = [rule for rule in suite.row_rules if rule.is_key]
    assert [rule.name for rule in keys] == [f"unique:{'+'.join(source.key)}"]
    assert {rule.column for rule in suite.row_rules} <= columns
    assert {"refuse_above_bp", "refuse_above_rows"} <= set(suite.meta)
    for each in suite.document["expectations"]:
        assert each["meta"]["on_fail"] in ("quarantine", "distrust", "refuse")
    names = [each["meta"]["rule"] for each in suite.document["expectations"]]
    assert len(set(names)) == len(names)


def test_a_case_about_nobody_is_held(home):
    delivery = deliver(home)
    (delivery / "case_event.csv").write_text(
        "event_id,kind,account_id,customer_id,occurred_at,amount,from_date,to_date,actor,approver,ground,outcome\n"
        "E1,appeal,A00001,,2026-09-01T08:00:00Z,,,,,,,received\n"
        "E2,appeal,,C00001,2026-09-01T08:00:00Z,,,,,,,received\n"
        "E3,appeal,,,2026-09-01T08:00:00Z,,,,,,,received\n"
        "E4,override,A00001,,2026-09-01T08:00:00Z,,2026-09-02,2026-09-01,,,,\n"
    )
    add_entry(delivery, "case_event", rows=4)
    accept(home, NIGHT)
    reasons = gate_inputs(home, NIGHT).record.sources[-1].reasons
    assert reasons == ("has_subject: 1 rows in quarantine", "order:to_date:from_date: 1 rows in quarantine")


@pytest.mark.parametrize("source", sorted(contract().keys() - {"gl_balance", "reference_value"}))
def test_an_amount_of_an_account_or_a_customer_is_bounded(source):
    bounds = {
        expectation["kwargs"]["column"]: expectation["kwargs"].get("max_value")
        for expectation in load_suite(source).document["expectations"]
        if expectation["type"] == "expect_column_values_to_be_between"
    }
    for column in contract()[source].columns:
        if column.type == "money":
            most = bounds.get(column.name)
            # 10,000 times as many minor units still fit into 64 bits
            assert most is not None and most * 100 * 10_000 < 2**63, column.name
