"""What a pack may speak of: the features of seeds/feature.csv, and evidence that triggers know beside them."""

from __future__ import annotations

import csv
from functools import cache

from creditline.policy.packs import Row
from creditline.project import PROJECT_DIR

# Facts that no scorecard uses; the rest of a trigger row is read like a feature's.
BEYOND_FEATURES: dict[str, Row] = {
    "bureau_has_new_default": {"source": "bureau_score", "unit": "count", "sign": "1", "role": "credit"},
}


@cache
def known_features() -> dict[str, Row]:
    """Every feature by its name, with source, unit, sign and role."""
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        return {row["feature"]: row for row in csv.DictReader(stream)}


def known_evidence() -> dict[str, Row]:
    """What a trigger may ask: the features, and the facts beyond them."""
    return known_features() | BEYOND_FEATURES
