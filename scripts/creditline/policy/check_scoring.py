"""Settings, bands, strategy matrix and scorecard cover everything, and a safer customer never gets less."""

from __future__ import annotations

from collections.abc import Iterator

from creditline.policy.check_helpers import Bin, PackRows, covers, from_below, grouped
from creditline.policy.features import known_features
from creditline.policy.rows import BandRow, MatrixRow, ScorecardRow

# The decision has room for this many bins of a feature (macros/scorecard_points.sql).
MOST_BINS = 8


def settings(pack: PackRows) -> Iterator[str]:
    """Numbers of policy.yml that depend on each other fit together."""
    values = pack.settings
    if values.confirmation.needed_nights > values.confirmation.window_nights:
        yield "policy.yml: confirmation asks for more needed_nights than window_nights"
    if values.score_min >= values.score_max:
        yield "policy.yml: score_min must be below score_max"


def bands(pack: PackRows) -> Iterator[str]:
    """Bands cover every score; riskier ones have a higher pd_bp and no smaller cut step."""
    rows = sorted(pack.of(BandRow), key=lambda row: row.lower_score)
    expected = pack.settings.score_min
    for row in rows:
        if row.lower_score != expected:
            yield (f"band.csv: band {row.band} starts at {row.lower_score}, {expected} was expected (gap or overlap)")
        expected = row.upper_score
    if expected != pack.settings.score_max + 1:
        yield f"band.csv: bands end at {expected}, {pack.settings.score_max + 1} was expected"
    for values, problem in (
        ([row.pd_bp for row in rows], "has a higher pd_bp"),
        ([row.cut_step_bp for row in rows], "is cut faster (cut_step_bp)"),
    ):
        if values != sorted(values, reverse=True):
            yield f"band.csv: a safer band {problem}"


def matrix(pack: PackRows) -> Iterator[str]:
    """Every band has the same utilisation bins, and a multiplier never rises with risk."""
    names = [row.band for row in sorted(pack.of(BandRow), key=lambda row: -row.lower_score)]
    rows_of = grouped(pack.of(MatrixRow), lambda row: row.band)
    for unknown in sorted(set(rows_of) - set(names)):
        yield f"strategy_matrix.csv: band {unknown} is not in band.csv"
    edges: list[Bin] | None = None
    above: list[int] | None = None
    for band in names:
        where = f"strategy_matrix.csv: band {band}"
        rows = sorted(rows_of.get(band, []), key=lambda row: from_below(row.lower_utilisation_bp))
        these = [(row.lower_utilisation_bp, row.upper_utilisation_bp) for row in rows]
        yield from covers(where, these, "lower_utilisation_bp", "upper_utilisation_bp")
        if edges is not None and these != edges:
            yield f"{where} has other utilisation bins than the band above it"
        edges = these
        multipliers = [row.multiplier_bp for row in rows]
        if multipliers != sorted(multipliers, reverse=True):
            yield f"{where} gives more for higher utilisation"
        if above is not None and any(here > better for here, better in zip(multipliers, above, strict=False)):
            yield f"{where} gives more than the safer band above it"
        above = multipliers


def scorecard(pack: PackRows) -> Iterator[str]:
    """Bins cover every value, a missing value has a bin of its own, and points follow the feature's sign."""
    features = grouped(pack.of(ScorecardRow), lambda row: row.feature)
    if not features:
        yield "scorecard.csv: no feature is scored"
    for feature, rows in features.items():
        where = f"scorecard.csv: {feature}"
        missing = [row for row in rows if row.is_missing]
        bins = sorted((row for row in rows if not row.is_missing), key=lambda row: from_below(row.lower))
        if len(missing) != 1:
            yield f"{where} needs exactly one is_missing=true row, has {len(missing)}"
        yield from covers(where, [(row.lower, row.upper) for row in bins], "lower", "upper")
        if len(bins) > MOST_BINS:
            yield f"{where} has {len(bins)} bins beside MISSING; at most {MOST_BINS} are laid out, join some of them"
        if len({(row.sign, row.reason_code) for row in rows}) != 1:
            yield f"{where} has more than one sign or reason_code"
        yield from _feature(where, feature, rows[0])
        yield from _monotone(where, bins)
        if missing and bins and missing[0].points > max(row.points for row in bins):
            yield f"{where}: MISSING earns more than the best bin"


def _feature(where: str, feature: str, row: ScorecardRow) -> Iterator[str]:
    known = known_features().get(feature)
    if known is None:
        yield f"{where} is not a feature of seeds/feature.csv"
    elif known["role"] != "credit":
        yield f"{where} is of role {known['role']}; only credit features are scored"
    elif known["sign"] != str(row.sign):
        yield f"{where} has sign {row.sign}, seeds/feature.csv has {known['sign']}"


def _monotone(where: str, bins: list[ScorecardRow]) -> Iterator[str]:
    points = [row.points for row in bins]
    sign = bins[0].sign if bins else 0
    if sign > 0 and points != sorted(points, reverse=True):
        yield f"{where}: points rise with a value that means more risk"
    if sign < 0 and points != sorted(points):
        yield f"{where}: points fall with a value that means less risk"
