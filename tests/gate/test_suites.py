"""Suites: the quarantine's translation of every expectation counts what Great Expectations counts."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import duckdb
import pytest
from small_delivery import NIGHT, add_entry, deliver

from creditline.gate.checkpoint import run_suites
from creditline.gate.engine import great_expectations
from creditline.gate.inputs import gate_inputs
from creditline.gate.suites import ON_FAIL_OF_MART, SuiteRefused, as_library, load_suite, parse_suite
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


# --- what a suite of the library says without our meta ----------------------------------------------------------------


def parsed(*expectations: dict, **more: object):
    return parse_suite({"name": "mine", "expectations": list(expectations), **more})


def plain(kind: str, **kwargs: object) -> dict:
    return {"type": kind, "kwargs": kwargs}


def test_a_rule_is_named_after_its_type_and_columns_and_numbered_from_the_second():
    suite = parsed(
        plain("expect_column_values_to_match_regex", column="code", regex="^A"),
        plain("expect_column_values_to_match_regex", column="code", regex="B$"),
        plain("expect_column_pair_values_to_be_equal", column_A="code", column_B="other"),
        plain("expect_multicolumn_sum_to_equal", column_list=["one", "other"], sum_total=1),
        plain("unexpected_rows_expectation", unexpected_rows_query="SELECT * FROM {batch} WHERE 1 = 2"),
        plain("expect_table_row_count_to_be_between", min_value=1),
    )
    assert [each["meta"]["rule"] for each in suite.document["expectations"]] == [
        "column_values_to_match_regex:code",
        "column_values_to_match_regex:code:2",
        "column_pair_values_to_be_equal:code+other",
        "multicolumn_sum_to_equal:one+other",
        "unexpected_rows_expectation",
        "table_row_count_to_be_between",
    ]


@pytest.mark.parametrize(
    ("expectation", "on_fail"),
    [
        (plain("expect_column_values_to_not_be_null", column="code"), "quarantine"),
        (plain("expect_column_values_to_match_regex", column="code", regex="^A"), "quarantine"),
        (plain("expect_select_column_values_to_be_unique_within_record", column_list=["one", "other"]), "quarantine"),
        (plain("expect_column_values_to_be_of_type", column="code", type_="VARCHAR"), "distrust"),
        (plain("expect_column_mean_to_be_between", column="code", max_value=1), "distrust"),
        (plain("expect_table_row_count_to_equal", value=7), "distrust"),
        (plain("unexpected_rows_expectation", unexpected_rows_query=" SELECT *\nFROM {batch} b WHERE 1 = 2;"), "quarantine"),
        (plain("unexpected_rows_expectation", unexpected_rows_query="select code from {batch} group by 1"), "distrust"),
        (plain("expect_column_values_to_not_be_null", column="code") | {"severity": "info"}, "pass"),
        (plain("expect_column_values_to_not_be_null", column="code") | {"meta": {"on_fail": "refuse", "notes": {}}}, "refuse"),
    ],
)  # fmt: skip
def test_rows_go_to_quarantine_and_the_rest_makes_the_source_distrusted(expectation, on_fail):
    (completed,) = parsed(expectation).document["expectations"]
    assert completed["meta"]["on_fail"] == on_fail


def test_a_mart_is_published_or_not():
    suites = [
        parse_suite({"name": "marts_mine", "expectations": [each]}, ON_FAIL_OF_MART)
        for each in (
            plain("expect_column_values_to_not_be_null", column="code"),
            plain("expect_column_values_to_not_be_null", column="code") | {"severity": "info"},
        )
    ]
    assert [each.document["expectations"][0]["meta"]["on_fail"] for each in suites] == ["refuse", "pass"]
    with pytest.raises(SuiteRefused, match="on_fail is 'quarantine'; it may be refuse, pass"):
        parse_suite({"name": "marts_mine", "expectations": [expectation("expect_column_values_to_not_be_null", "rows", column="code")]}, ON_FAIL_OF_MART)  # fmt: skip


def test_the_numbers_of_a_suite_have_defaults_and_may_be_said():
    assert parsed().meta == {"refuse_above_bp": 50, "refuse_above_rows": 5}
    assert parsed(meta={"refuse_above_rows": 7, "great_expectations_version": "1"}).meta["refuse_above_rows"] == 7


@pytest.mark.parametrize(
    ("expectations", "words"),
    [
        ([{"kwargs": {}}], "has no type or no kwargs"),
        ([plain("expect_x") | {"meta": {"rule": "a", "on_fail": "pass"}}] * 2, "two rules are named a"),
        ([plain("expect_x") | {"meta": {"on_fail": "quarantin"}}], "on_fail is 'quarantin'; it may be quarantine, distrust"),
        ([plain("expect_x") | {"severity": "info", "meta": {"on_fail": "refuse"}}], "severity is info, which only tells"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(expectations, words):
    with pytest.raises(SuiteRefused, match=rf"^expectations/mine\.json: .*{words}"):
        parsed(*expectations)


@pytest.mark.parametrize(
    "odd",
    [
        plain("expect_nothing_at_all", column="code"),
        plain("expect_column_values_to_match_regex", column="code", regexp="^A"),
        plain("expect_column_values_to_be_between", column="code", mostly=2, min_value=0),
        plain("expect_column_values_to_not_be_null", column="code") | {"severity": "awful"},
    ],
)
def test_what_the_library_does_not_take_is_refused_and_not_left_out(odd):
    fine = plain("expect_column_values_to_not_be_null", column="code")
    with pytest.raises(
        SuiteRefused, match=rf"^expectations/mine\.json: .*Great Expectations does not take {odd['type']}"
    ):
        as_library(parsed(fine, odd))


def test_a_suite_that_the_library_saved_is_read(tmp_path, monkeypatch):
    gx = great_expectations()
    saved = gx.ExpectationSuite(
        name="whatever its author called it",
        id="9b1bd5a1-0f5c-4a3a-8a8a-000000000001",
        notes="said by an analyst",
        expectations=[
            gx.expectations.ExpectColumnValuesToMatchRegex(column="account_id", regex="^A", severity="warning", notes=["why"])
        ],
    ).to_json_dict()  # fmt: skip
    saved["expectations"][0]["id"] = "9b1bd5a1-0f5c-4a3a-8a8a-000000000002"
    (tmp_path / "account_snapshot.json").write_text(json.dumps(saved))
    monkeypatch.setattr("creditline.gate.suites.SUITES_DIR", tmp_path)
    suite = load_suite.__wrapped__("account_snapshot")
    assert suite.name == "account_snapshot"
    assert [rule.name for rule in suite.row_rules] == ["column_values_to_match_regex:account_id"]
    assert [each.notes for each in as_library(suite).expectations] == [["why"]]


def test_a_file_that_is_not_json_is_named(tmp_path, monkeypatch):
    (tmp_path / "session.json").write_text("{")
    monkeypatch.setattr("creditline.gate.suites.SUITES_DIR", tmp_path)
    with pytest.raises(SuiteRefused, match=r"session\.json is not JSON"):
        load_suite.__wrapped__("session")


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
    assert {name for rule in suite.row_rules for name in rule.column.split("+")} <= columns
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
