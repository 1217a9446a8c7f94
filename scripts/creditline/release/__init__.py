"""Release: modes, and the orders that leave for the core."""

from creditline.release.adjustments import FEED, Release, ReleaseRefused, release, settle_interrupted
from creditline.release.holds import approve, read_holds, reject
from creditline.release.modes import ALL_SLICES, ModeChange, Modes, read_modes, set_mode
from creditline.release.settlement import Settlement, SettlementRefused, settle

__all__ = [
    "ALL_SLICES",
    "FEED",
    "ModeChange",
    "Modes",
    "Release",
    "ReleaseRefused",
    "Settlement",
    "SettlementRefused",
    "approve",
    "read_holds",
    "read_modes",
    "reject",
    "release",
    "set_mode",
    "settle",
    "settle_interrupted",
]
