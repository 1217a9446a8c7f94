"""Restatement: past nights computed again with what is known now, and published beside the earlier ones; it orders nothing."""

from creditline.restate.history import Result, restate
from creditline.restate.night import RestatedNight, RestatementRefused

__all__ = ["RestatedNight", "RestatementRefused", "Result", "restate"]
