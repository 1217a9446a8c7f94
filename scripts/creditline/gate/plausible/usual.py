"""The figures of the last trusted nights, kept beside the delivery records, and the bounds that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from creditline.errors import CreditlineError
from creditline.gate.acceptance import read_acceptances
from creditline.gate.plausible.definition import Figure
from creditline.gate.plausible.measure import Measured
from creditline.home import Home
from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import void_dates
from creditline.home.restatements import voided_dates
from creditline.landing.contract import contract
from creditline.store.record import DeliveryRecord, figures_file

NIGHTS = 28
# A figure of the night is as far from usual as chance seldom brings it in a lifetime of nights.
_DEVIATIONS = 6
# From the median deviation to the standard deviation of a normal distribution.
_TO_STANDARD = 1.4826
_REACH_DAYS = 60


@dataclass(frozen=True)
class Bounds:
    """Between what a figure must lie; None has no bound. `usual` is the median of `nights` trusted nights."""

    lowest: float | None
    highest: float | None
    usual: float | None
    nights: int


History = dict[str, list[float]]


def keep_figures(home: Home, record: DeliveryRecord, found: dict[str, list[Measured]]) -> None:
    """Keep tonight's figures for the nights to come.

    Args:
        found: every figure, by source.
    """
    content = {
        entry.source: {
            "verdict": entry.verdict,
            "file_sha256": entry.file_sha256,
            "figures": {
                each.of.name: each.value
                for each in found.get(entry.source, ())
                if each.value is not None and each.of.column not in entry.distrusted_columns
            },
        }
        for entry in record.sources
        if entry.corrects_business_date is None
    }
    write_signed(home, figures_file(home, record.business_date, record.feed, record.sequence), content)


def usual_figures(home: Home, business_date: date) -> dict[str, History]:
    """Values by source and figure of up to 28 trusted nights before a night, the newest first; none of a night that two people
    declared void. Raises NotGenuine.

    A night whose jump two people accepted is the first that counts.
    """
    first = business_date - timedelta(days=_REACH_DAYS)
    void, voided, accepted = void_dates(home, first, business_date), voided_dates(home), read_acceptances(home)
    found: dict[str, History] = {}
    seen: dict[str, int] = {}
    ended: set[str] = set()
    for night, path in _kept(home, first, business_date):
        if night in voided:
            continue
        for source, kept in read_signed(home, path).items():
            is_accepted = (night, source, kept["file_sha256"]) in accepted
            is_trusted = is_accepted or (
                kept["verdict"] == "pass" and not (night in void and contract()[source].required)
            )
            if source in ended or not is_trusted or seen.get(source, 0) == NIGHTS:
                continue
            seen[source] = seen.get(source, 0) + 1
            for name, value in kept["figures"].items():
                found.setdefault(source, {}).setdefault(name, []).append(value)
            if is_accepted:
                ended.add(source)
    return found


def _chance(usual: float, base: int, nights: int) -> float:
    """How far chance brings a share of so many rows from what it usually is. What never happened in so many rows and nights may
    still have a chance of three in as many (the rule of three)."""
    base = max(base, 1)
    likely = min(max(usual, 3 / (nights * base)), 0.5) if usual < 0.5 else max(min(usual, 1 - 3 / (nights * base)), 0.5)
    return _DEVIATIONS * math.sqrt(likely * (1 - likely) / base)


def kept_figures(home: Home, business_date: date) -> list[tuple[str, str, float, float | None, int]]:
    """The kept figures of one night: source, figure, value, the median of the trusted nights before it, and how many they are.

    Raises:
        CreditlineError: no delivery of that night was taken in.
    """
    kept = _kept(home, business_date, business_date + timedelta(days=1))
    if not kept:
        raise CreditlineError(
            f"no delivery of {business_date} was taken in; run creditline night --date {business_date}"
        )
    before = usual_figures(home, business_date)
    found = []
    for _, path in kept:
        for source, said in read_signed(home, path).items():
            for name, value in said["figures"].items():
                values = before.get(source, {}).get(name, [])
                found.append((source, name, value, median(values) if values else None, len(values)))
    return found


def _kept(home: Home, first: date, before: date) -> list[tuple[date, Path]]:
    """The kept figures of nights from one date up to another, excluded, the newest first."""
    days = {
        path: date.fromisoformat(path.name.partition("=")[2])
        for path in figures_file(home, first, "", 0).parents[1].glob("business_date=*")
    }
    nights = sorted(((night, path) for path, night in days.items() if first <= night < before), reverse=True)
    return [(night, file) for night, path in nights for file in sorted(path.glob("*.json"))]


def bounds_of(measured: Measured, history: History) -> Bounds:
    """The bounds of a figure: what its row states, and what is usual if enough nights are known."""
    figure = measured.of.figure
    values = history.get(measured.of.name, [])
    lowest, highest = figure.lowest, figure.highest
    usual = median(values) if values else None
    if figure.usual and usual is not None and len(values) >= figure.usual.nights:
        low, high = _around(figure, measured, values, usual)
        # of a figure that is compared the first nights' bounds end where what is usual is known
        lowest = low if figure.usual.side != "high" else None
        highest = high if figure.usual.side != "low" else None
    return Bounds(lowest, highest, usual, len(values))


def _around(figure: Figure, measured: Measured, values: list[float], usual: float) -> tuple[float, float]:
    assert figure.usual is not None, "only called for a figure that is compared"
    spread = _DEVIATIONS * _TO_STANDARD * median(abs(value - usual) for value in values)
    least, most = min(values), max(values)
    if figure.usual.distance is not None:
        far = max(figure.usual.distance, spread, _chance(usual, measured.base, len(values)))
        low, high = min(usual - far, least - figure.usual.distance), max(usual + far, most + figure.usual.distance)
        # since the last trusted night a book has moved as often as deliveries came
        return usual - (usual - low) * measured.steps, usual + (high - usual) * measured.steps + usual * (
            measured.steps - 1
        )
    factor = figure.usual.factor or 1
    reached = [times for value in (usual, least, most) for times in (value / factor, value * factor)]
    return min(usual - spread, *reached), max(usual + spread, *reached)
