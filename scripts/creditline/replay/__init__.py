"""Replay: run a past night again with the code, inputs and state that it had, and compare it row by row."""

from creditline.replay.comparison import Difference
from creditline.replay.night import NightReplay, ReplayRefused, replay_night

__all__ = ["Difference", "NightReplay", "ReplayRefused", "replay_night"]
