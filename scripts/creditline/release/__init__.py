"""Release: modes, and the orders that leave for the core."""

from creditline.release.adjustments import FEED, Release, ReleaseRefused, release, settle_interrupted
from creditline.release.holds import approve, read_holds, reject
from creditline.release.modes import ALL_SLICES, ModeChange, Modes, read_modes, set_mode

__all__ = [
    "ALL_SLICES",
    "FEED",
    "ModeChange",
    "Modes",
    "Release",
    "ReleaseRefused",
    "approve",
    "read_holds",
    "read_modes",
    "reject",
    "release",
    "set_mode",
    "settle_interrupted",
]
