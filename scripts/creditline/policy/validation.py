"""What must hold of a pack before it may decide about anybody."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator

from creditline.policy.packs import Pack, Row
from creditline.policy.schema import PLACEHOLDERS

# Reasons that operators cite themselves, beside those of the scorecard (models/decision/dec_reason.sql).
POLICY_REASONS = ("G1", "T1", "I1", "U1", "N1")
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")


def validate_pack(pack: Pack) -> list[str]:
    """Every problem of a pack, one line each; an empty list means that it may be used."""
    checks = (_bands, _matrix, _scorecard, _tiers, _caps, _parameters, _texts, _notices)
    return [f"{pack.settings.name}: {problem}" for check in checks for problem in check(pack)]


def _bands(pack: Pack) -> Iterator[str]:
    rows = sorted(pack.tables["band"], key=lambda row: int(row["lower_score"]))
    expected = pack.settings.score_min
    for row in rows:
        if int(row["lower_score"]) != expected:
            yield f"band.csv: band {row['band']} starts at {row['lower_score']}, {expected} was expected (gap or overlap)"
        expected = int(row["upper_score"])
    if expected != pack.settings.score_max + 1:
        yield f"band.csv: bands end at {expected}, {pack.settings.score_max + 1} was expected"
    defaults = [int(row["pd_bp"]) for row in rows]
    if defaults != sorted(defaults, reverse=True):
        yield "band.csv: a safer band has a higher pd_bp"


def _matrix(pack: Pack) -> Iterator[str]:
    bands = [row["band"] for row in sorted(pack.tables["band"], key=lambda row: -int(row["lower_score"]))]
    cells = defaultdict(list)
    for row in pack.tables["strategy_matrix"]:
        cells[row["band"]].append(row)
    edges = None
    above: list[int] | None = None
    for band in bands:
        rows = sorted(cells.get(band, []), key=lambda row: _low(row["lower_utilisation_bp"]))
        yield from _covers(f"strategy_matrix.csv: band {band}", rows, "lower_utilisation_bp", "upper_utilisation_bp")
        these = [(row["lower_utilisation_bp"], row["upper_utilisation_bp"]) for row in rows]
        if edges is not None and these != edges:
            yield f"strategy_matrix.csv: band {band} has other utilisation bins than the band above it"
        edges = these
        multipliers = [int(row["multiplier_bp"]) for row in rows]
        if multipliers != sorted(multipliers, reverse=True):
            yield f"strategy_matrix.csv: band {band} gives more for higher utilisation"
        if above is not None and any(here > better for here, better in zip(multipliers, above, strict=False)):
            yield f"strategy_matrix.csv: band {band} gives more than the safer band above it"
        above = multipliers


def _scorecard(pack: Pack) -> Iterator[str]:
    features = defaultdict(list)
    for row in pack.tables["scorecard"]:
        features[row["feature"]].append(row)
    if not features:
        yield "scorecard.csv: no feature is scored"
    for feature, rows in features.items():
        where = f"scorecard.csv: {feature}"
        missing = [row for row in rows if row["is_missing"] == "true"]
        bins = sorted((row for row in rows if row["is_missing"] != "true"), key=lambda row: _low(row["lower"]))
        if len(missing) != 1:
            yield f"{where} needs exactly one is_missing=true row, has {len(missing)}"
        yield from _covers(where, bins, "lower", "upper")
        if len({(row["sign"], row["reason_code"]) for row in rows}) != 1:
            yield f"{where} has more than one sign or reason_code"
        yield from _monotone(where, bins)
        points = [int(row["points"]) for row in bins]
        if missing and points and int(missing[0]["points"]) > max(points):
            yield f"{where}: MISSING earns more than the best bin"


def _monotone(where: str, bins: list[Row]) -> Iterator[str]:
    points = [int(row["points"]) for row in bins]
    sign = int(bins[0]["sign"]) if bins else 0
    if sign > 0 and points != sorted(points, reverse=True):
        yield f"{where}: points rise with a value that means more risk"
    if sign < 0 and points != sorted(points):
        yield f"{where}: points fall with a value that means less risk"


def _covers(where: str, rows: list[Row], lower: str, upper: str) -> Iterator[str]:
    """Bins must run from open to open without gap or overlap."""
    if not rows:
        yield f"{where} has no bins"
        return
    if rows[0][lower] or rows[-1][upper]:
        yield f"{where} does not cover everything: the first {lower} and the last {upper} must be empty"
    for left, right in itertools.pairwise(rows):
        if left[upper] != right[lower]:
            yield f"{where} has a gap or an overlap between {left[upper] or 'the end'} and {right[lower] or 'the start'}"


def _tiers(pack: Pack) -> Iterator[str]:
    products = [row["product_code"] for row in pack.tables["product_tier"]]
    if not products:
        yield "product_tier.csv: no product has a tier"
    for product in sorted({product for product in products if products.count(product) > 1}):
        yield f"product_tier.csv: {product} stands more than once"


def _caps(pack: Pack) -> Iterator[str]:
    rows = pack.tables["regulatory_cap"]
    for row in rows:
        where = f"regulatory_cap.csv: {row['rule_id']}"
        if row["base"] not in ("LIMIT", "BALANCE"):
            yield f"{where}: base must be LIMIT or BALANCE"
        yield from _dated(where, row)
    yield from _overlaps("regulatory_cap.csv", [row for row in rows if row["is_enabled"] == "true"], ("rule_id",))


def _parameters(pack: Pack) -> Iterator[str]:
    rows = pack.tables["regulatory_parameter"]
    for row in rows:
        yield from _dated(f"regulatory_parameter.csv: {row['param']}", row)
    enabled = [row for row in rows if row["is_enabled"] == "true"]
    yield from _overlaps(
        "regulatory_parameter.csv", enabled, ("param", "jurisdiction", "entity_type", "purpose", "channel")
    )
    for needed in ("dpd_watch", "dpd_substandard", "dpd_doubtful", "dpd_loss"):
        if not any(row["param"] == needed for row in enabled):
            yield f"regulatory_parameter.csv: {needed} is missing or not enabled; no report can be made without it"


def _dated(where: str, row: Row) -> Iterator[str]:
    if not row["effective_from"]:
        yield f"{where} has no effective_from"
    if not row["source"]:
        yield f"{where} has no source"
    if row["is_enabled"] == "true" and not row["approved_by"]:
        yield f"{where} is enabled and nobody approved it"


def _overlaps(file: str, rows: list[Row], key: tuple[str, ...]) -> Iterator[str]:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in key)].append(row)
    for name, group in groups.items():
        group.sort(key=lambda row: row["effective_from"])
        for left, right in itertools.pairwise(group):
            if not left["effective_to"] or left["effective_to"] > right["effective_from"]:
                yield f"{file}: {'/'.join(name)} is in force twice from {right['effective_from']}"


def _texts(pack: Pack) -> Iterator[str]:
    cited = {row["reason_code"] for row in pack.tables["scorecard"]} | set(POLICY_REASONS)
    texts = {(row["reason_code"], row["audience"]): row for row in pack.tables["reason_text"]}
    for code in sorted(cited):
        for audience in ("customer", "agent"):
            row = texts.get((code, audience))
            if row is None or not all(row[column] for column in ("zh", "en", "advice_zh", "advice_en")):
                yield f"reason_text.csv: {code} lacks a text for the {audience} in zh or en"
    for (code, audience), row in texts.items():
        for column in ("zh", "en", "advice_zh", "advice_en"):
            for name in _PLACEHOLDER.findall(row[column]):
                if name not in PLACEHOLDERS:
                    yield f"reason_text.csv: {code} for the {audience}: no stored value fills {{{name}}}"


def _notices(pack: Pack) -> Iterator[str]:
    general = {row["action"] for row in pack.tables["notice_rule"] if row["reason_code"] == "*"}
    for action in sorted({"UP", "DOWN", "CLOSE"} - general):
        yield f"notice_rule.csv: {action} has no rule for reason *"


def _low(text: str) -> float:
    return float("-inf") if text == "" else int(text)
