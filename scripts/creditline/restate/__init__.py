"""Restatement: past nights computed again with what is known now, published beside what they said, ordered never."""

from creditline.restate.history import RestatedNight, Result, restate
from creditline.restate.night import RestatementRefused

__all__ = ["RestatedNight", "RestatementRefused", "Result", "restate"]
