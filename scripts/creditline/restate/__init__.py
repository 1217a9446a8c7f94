"""Restatement: past nights computed again with what is known now, published beside what they said, ordered never."""

from creditline.restate.history import Result, restate
from creditline.restate.night import RestatedNight, RestatementRefused

__all__ = ["RestatedNight", "RestatementRefused", "Result", "restate"]
