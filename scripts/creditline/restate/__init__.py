"""Restatement: past nights computed again with what is known now, or without a night that was wrong, and published beside
the earlier ones; it orders nothing."""

from creditline.restate.history import Result, declare_void, restate
from creditline.restate.night import RestatedNight, RestatementRefused

__all__ = ["RestatedNight", "RestatementRefused", "Result", "declare_void", "restate"]
