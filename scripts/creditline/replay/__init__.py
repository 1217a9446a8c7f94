"""Replay: a past night once more, with the code, the inputs and the state that it had, compared row by row."""

from creditline.replay.comparison import Difference
from creditline.replay.night import NightReplay, ReplayRefused, replay_night

__all__ = ["Difference", "NightReplay", "ReplayRefused", "replay_night"]
