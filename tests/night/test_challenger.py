"""Two packs decide the same night: everybody is decided by both, and only the assigned decision leaves the house."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from sample_book import FIRST_NIGHT

from creditline import project
from creditline.home import Home, create_home
from creditline.night import run_night
from creditline.project import PROJECT_DIR
from creditline.publish.reader import query_marts
from creditline.release import ALL_SLICES, set_mode
from creditline.simulate import sample_home_settings, simulate_book

SHARE_BP = 3000


@pytest.fixture(scope="module")
def challenged(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A live book of two nights whose bank slices a stricter pack decides for three customers in ten."""
    root = tmp_path_factory.mktemp("challenger")
    policies = Path(shutil.copytree(PROJECT_DIR / "policies", root / "policies"))
    shutil.copytree(policies / "default", policies / "strict")
    settings = policies / "strict" / "policy.yml"
    settings.write_text(settings.read_text().replace("name: default", "name: strict").replace("base: 720", "base: 640"))
    with (policies / "assignment.csv").open("a") as stream:
        stream.write(f"BANK01,*,strict,challenger,{SHARE_BP},2015-01-01,\n")
    home = create_home(root / "home", sample_home_settings())
    dates = simulate_book(home, accounts=400, nights=2, first_date=FIRST_NIGHT, seed=3).dates
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "POLICIES_DIR", policies)
        for day in dates:
            run_night(home, day)
    return home


def rows_of(home: Home, query: str) -> list[tuple]:
    return query_marts(home, query)[1]


def test_everybody_of_the_slice_is_decided_by_both_packs(challenged):
    assert rows_of(
        challenged,
        "select count(*) from fct_limit_decision as decisions full join fct_shadow_decision as shadows"
        " using (business_date, account_key)"
        " where (decisions.legal_entity_code = 'BANK01') <> (shadows.account_key is not null)"
        " or decisions.policy_version = shadows.policy_version",
    ) == [(0,)]
    assert rows_of(challenged, "select count(*) > 100 from fct_shadow_decision") == [(True,)]


def test_the_share_is_fixed_to_customers(challenged):
    packs = (
        "select customer_key, count(distinct pack) as packs, min(pack) as pack from fct_limit_decision"
        " inner join dim_policy using (policy_version) where legal_entity_code = 'BANK01' group by customer_key"
    )
    (share,) = rows_of(challenged, f"select avg((pack = 'strict')::int) from ({packs})")[0]
    assert 0.2 < share < 0.4
    assert rows_of(challenged, f"select count(*) from ({packs}) where packs > 1") == [(0,)]


def test_the_packs_disagree_and_only_the_assigned_decision_is_ordered(challenged):
    (differing,) = rows_of(
        challenged,
        "select count(*) from fct_limit_decision as d inner join fct_shadow_decision as s"
        " using (business_date, account_key) where d.score <> s.score",
    )[0]
    assert differing > 0
    assigned = {row[0] for row in rows_of(challenged, "select decision_sha256 from fct_limit_decision")}
    shadows = {row[0] for row in rows_of(challenged, "select decision_sha256 from fct_shadow_decision")}
    ordered = set()
    for file in (challenged.outbox / "limit_adjustments").glob("*.csv"):
        with file.open(newline="") as stream:
            ordered |= {row["decision_sha256"] for row in csv.DictReader(stream)}
    assert ordered
    assert ordered <= assigned
    assert not ordered & shadows
