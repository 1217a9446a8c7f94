"""The source of all random numbers of the simulated book: one named stream for each purpose and day.

A stream depends only on the seed, its name and the day, so a day of the book is the same however many nights are
simulated in one call.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, name: str, day: int = 0) -> np.random.Generator:
    """The generator of one purpose on one day (days since 1970-01-01; 0 for traits that never change)."""
    return np.random.default_rng([seed, crc32(name.encode()), day])


def scatter(numbers: np.ndarray) -> np.ndarray:
    """Spread whole numbers over all 64 bits, one to one (SplitMix64), so that ids tell nothing about their origin."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
