"""House rules for SQL: layers, names, no clock, no business literal, dialect in one place."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from creditline.home.marts import ADDED
from creditline.policy.check_scoring import MOST_BINS

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
PREFIX = {
    "staging": ("stg_",),
    "features": ("ftr_",),
    "decision": ("dec_",),
    "marts": ("dim_", "fct_", "mon_"),
    "reports": ("rpt_",),
}
# What a layer may read; seeds are reference data and open to all.
MAY_READ = {
    "staging": ("stg_",),
    "features": ("stg_", "ftr_"),
    "decision": ("stg_", "ftr_", "dec_"),
    "marts": ("stg_", "ftr_", "dec_"),
    "reports": ("dim_", "fct_", "mon_", "rpt_"),
}
SEEDS = {path.stem for path in (PROJECT / "seeds").glob("*.csv")}
CLOCKS = re.compile(r"\b(current_date|current_timestamp|now|getdate|localtimestamp|today|random|uuid)\b", re.IGNORECASE)
# Words of one engine only (docs/decisions); their homes are macros/engine/.
DIALECT = re.compile(
    r"(\barg_max\b|\bread_parquet\b|\bgetvariable\b|\basof\b|\bexclude\b|\blist\(|\bunnest\b|\bexplode\b|//"
    r"|\bdate_add\b|\bdatediff\b|\bepoch\b|\bstrftime\b|\bsha256\(|\bsha2\(|\bhugeint\b|\binterval\b|\bvarchar\b)",
    re.IGNORECASE,
)
FIRST_ROWS = re.compile(r"\b(limit|offset|fetch first|using sample|tablesample)\b", re.IGNORECASE)
NUMBER = re.compile(r"(?<![\w.'])(\d+(?:\.\d+)?)(?![\w'])")
ALLOWED_NUMBERS = {"0", "1", "100", "10000"}


def code_of(path: Path) -> str:
    """A model without comments and without text in quotes."""
    text = re.sub(r"\{#.*?#\}|--[^\n]*", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"'[^']*'", "''", text)


def layer_of(path: Path) -> str:
    return path.relative_to(PROJECT / "models").parts[0]


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_model_is_named_after_its_layer_and_starts_with_its_grain(model):
    assert model.stem.startswith(PREFIX[layer_of(model)])
    assert model.read_text().startswith("-- Grain: ")


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_arrows_run_one_way(model):
    text = model.read_text()
    for name in re.findall(r"ref\('(\w+)'\)", text):
        assert name in SEEDS or name.startswith(MAY_READ[layer_of(model)]), f"{model.name} reads {name}"
    if layer_of(model) != "staging":
        assert "source(" not in text, f"{model.name} reads a source; only stg_ models do"


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_no_clock_and_no_dialect_in_a_model(model):
    code = code_of(model)
    assert CLOCKS.findall(code) == []
    assert DIALECT.findall(code) == []


@pytest.mark.parametrize("model", [path for path in MODELS if layer_of(path) != "features"], ids=lambda path: path.stem)
def test_no_business_literal_in_a_model(model):
    """Numbers live in packs and seeds. Types carry their precision, operators and reasons their order."""
    code = re.sub(r"decimal\(\d+, ?\d+\)", "", code_of(model))
    code = re.sub(r"\d+ as (step|precedence)\b|(reason_rank|severity) = \d|delivered\.severity, 1", "", code)
    code = re.sub(r"\b\d+,? as \w+|union all\s+select\s+account_key, \d", "", code)
    found = [number for number in NUMBER.findall(code) if number not in ALLOWED_NUMBERS]
    assert found == [] or (
        set(found) <= {"2", "3", "4", "5", "6"} and model.stem in ("dec_trace", "dec_decision", "dec_reason")
    )


def test_nothing_takes_the_first_rows_of_an_order():
    """The engine answers a join over `order by ... limit` wrongly (docs/decisions/0016), and of equals nobody says which come."""
    for file in [
        path for folder in ("models", "macros", "tests") for path in sorted((PROJECT / folder).rglob("*.sql"))
    ]:
        assert FIRST_ROWS.findall(code_of(file)) == [], file.name
    for suite in sorted((PROJECT.parent / "expectations").rglob("*.json")):
        queries = re.findall(r'"unexpected_rows_query": "(.*)"', suite.read_text())
        assert FIRST_ROWS.findall(" ".join(queries)) == [], suite.name


def test_the_macros_outside_engine_hold_no_dialect():
    for macro in sorted((PROJECT / "macros").glob("*.sql")):
        assert DIALECT.findall(code_of(macro)) == [], macro.name


def test_scored_features_are_the_credit_features_of_the_seed():
    with (PROJECT / "seeds" / "feature.csv").open(newline="") as stream:
        credit = [row["feature"] for row in csv.DictReader(stream) if row["role"] == "credit"]
    listed = re.findall(r"'(f\d\d_\w+)'", (PROJECT / "macros" / "scored_features.sql").read_text())
    assert listed == credit


def test_security_features_are_in_no_scorecard():
    with (PROJECT / "seeds" / "feature.csv").open(newline="") as stream:
        others = {row["feature"] for row in csv.DictReader(stream) if row["role"] != "credit"}
    for pack in sorted((PROJECT / "policies").glob("*/scorecard.csv")):
        with pack.open(newline="") as stream:
            scored = {row["feature"] for row in csv.DictReader(stream)}
        assert scored.isdisjoint(others), pack


def test_marts_and_reports_state_their_contract():
    for layer, file in (("marts", "_marts.yml"), ("reports", "_reports.yml")):
        described = re.findall(r"^  - name: (\w+)$", (PROJECT / "models" / layer / file).read_text(), re.MULTILINE)
        for model in (PROJECT / "models" / layer).glob("*.sql"):
            assert model.stem in described, f"{model.name} has no contract in {file}"


def test_columns_that_releases_added_are_read_with_the_types_of_their_contracts():
    described = yaml.safe_load((PROJECT / "models" / "marts" / "_marts.yml").read_text())["models"]
    kinds = {model["name"]: {column["name"]: column["data_type"] for column in model["columns"]} for model in described}
    for mart, added in ADDED.items():
        assert added.items() <= kinds[mart].items(), mart


DECISION = PROJECT / "models" / "decision"


def test_policy_checks_hold_a_scorecard_to_the_bins_that_are_laid_out():
    laid_out = re.search(
        r"max_bins\(\) %\}\{\{ return\((\d+)\)", (PROJECT / "macros" / "scorecard_points.sql").read_text()
    )
    assert int(laid_out.group(1)) == MOST_BINS


def test_a_folder_of_the_decision_reads_itself_and_folders_before_it():
    folder = {path.stem: path.parent.name for path in DECISION.rglob("*.sql")}
    for path in DECISION.rglob("*.sql"):
        for read in folder.keys() & set(re.findall(r"ref\('(\w+)'\)", path.read_text())):
            assert folder[read] <= path.parent.name, f"{path.parent.name}/{path.name} reads {read} of {folder[read]}"


def test_the_page_of_the_decision_lists_its_models_in_the_order_in_which_they_read_each_other():
    table = re.findall(
        r"^\| `(\d_\w+)` \| (.*) \|$", (PROJECT.parent / "docs" / "reference" / "decision.md").read_text(), re.MULTILINE
    )
    listed = [(folder, model) for folder, models in table for model in re.findall(r"`(\w+)`", models)]
    assert sorted(listed) == sorted((path.parent.name, path.stem) for path in DECISION.rglob("*.sql"))
    seen = set()
    for folder, model in listed:
        read = set(re.findall(r"ref\('(dec_\w+)'\)", (DECISION / folder / f"{model}.sql").read_text()))
        assert read <= seen, f"{model} reads {sorted(read - seen)}, which docs/reference/decision.md lists after it"
        seen.add(model)


FOLDERS = sorted(
    path
    for layer in ("staging", "features", "decision")
    for path in (PROJECT / "models" / layer).iterdir()
    if path.is_dir()
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_folder_has_one_yaml_that_says_of_every_model_what_its_row_is(folder):
    described = folder / "_models.yml"
    models = {model["name"]: model for model in yaml.safe_load(described.read_text())["models"]}
    assert sorted(models) == sorted(path.stem for path in folder.glob("*.sql"))
    for name, model in models.items():
        comment = re.match(r"(?:-- .*\n)+", (folder / f"{name}.sql").read_text()).group(0)
        said = " ".join(line.removeprefix("-- ").strip() for line in comment.splitlines()).removeprefix("Grain: ")
        assert said.startswith(model["description"].removesuffix(".")), f"{name}: its comment and {described} differ"


def test_no_model_lies_beside_the_folders_of_its_layer():
    assert {path.parent for path in MODELS if layer_of(path) in ("staging", "features", "decision")} == set(FOLDERS)


def test_every_key_is_tested():
    for file in (PROJECT / "models").rglob("*.yml"):
        for model in yaml.safe_load(file.read_text()).get("models", []):
            key = model.get("config", {}).get("meta", {}).get("key")
            tested = [
                test["is_key"]["arguments"]["columns"] for test in model.get("data_tests", []) if "is_key" in test
            ]
            assert tested == ([key] if key else []), model["name"]


@pytest.mark.parametrize("layer", ["features", "decision"])
def test_a_model_is_private_unless_another_layer_reads_it(layer):
    inside = {path.stem for path in MODELS if layer_of(path) == layer}
    readers = [*(path for path in MODELS if layer_of(path) != layer), *(PROJECT / "tests").glob("*.sql")]
    read = {name for path in readers for name in re.findall(r"ref\('(\w+)'\)", path.read_text())} & inside
    opened = {
        model["name"]
        for file in (PROJECT / "models" / layer).rglob("*.yml")
        for model in yaml.safe_load(file.read_text())["models"]
        if model.get("config", {}).get("access") == "protected"
    }
    assert opened == read


def test_shared_texts_of_columns_are_all_used():
    shared = re.findall(r"\{% docs (\w+) %\}", (PROJECT / "models" / "columns.md").read_text())
    used = {
        name
        for file in (PROJECT / "models").rglob("*.yml")
        for name in re.findall(r"\{\{ doc\('(\w+)'\) \}\}", file.read_text())
    }
    assert sorted(shared) == sorted(used)
