"""Release: modes, and the orders that leave for the core."""

from creditline.release.adjustments import FEED, Release, ReleaseRefused, release
from creditline.release.modes import ALL_SLICES, ModeChange, Modes, read_modes, set_mode

__all__ = [
    "ALL_SLICES",
    "FEED",
    "ModeChange",
    "Modes",
    "Release",
    "ReleaseRefused",
    "read_modes",
    "release",
    "set_mode",
]
