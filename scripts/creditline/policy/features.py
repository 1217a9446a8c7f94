"""What a pack may refer to: the features of seeds/feature.csv, and further facts that triggers can ask about."""

from __future__ import annotations

import csv
from functools import cache

from creditline.policy.packs import Row
from creditline.project import PROJECT_DIR

# Facts that no scorecard uses; otherwise a trigger row reads them like a feature.
BEYOND_FEATURES: dict[str, Row] = {
    "bureau_has_new_default": {"source": "bureau_score", "unit": "count", "sign": "1", "role": "credit"},
}


@cache
def known_features() -> dict[str, Row]:
    """Every feature by name, with source, unit, sign and role."""
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        return {row["feature"]: row for row in csv.DictReader(stream)}


def known_evidence() -> dict[str, Row]:
    """What a trigger may ask about: the features, and the facts that are no feature."""
    return known_features() | BEYOND_FEATURES
