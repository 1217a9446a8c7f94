"""Release: modes, and the orders that leave for the core."""

from creditline.release.adjustments import FEED, Release, release
from creditline.release.feed import LeftFile, files_that_left, settle_interrupted
from creditline.release.golive import NotReady
from creditline.release.holds import OrdersLeft, approve, read_holds, reject, unanswered_slices
from creditline.release.inherited import NothingInherited, approve_batch, read_batch
from creditline.release.logic import DecisionCode, approve_first_logic, approve_logic, decision_codes
from creditline.release.modes import ALL_SLICES, ModeChange, Modes, read_modes, set_mode, unknown_slice
from creditline.release.orders import ReleaseRefused
from creditline.release.review import ReviewQueue, write_review_queue
from creditline.release.security import SecurityRelease, release_security
from creditline.release.settlement import Settlement, SettlementRefused, settle

__all__ = [
    "ALL_SLICES",
    "FEED",
    "DecisionCode",
    "LeftFile",
    "ModeChange",
    "Modes",
    "NotReady",
    "NothingInherited",
    "OrdersLeft",
    "Release",
    "ReleaseRefused",
    "ReviewQueue",
    "SecurityRelease",
    "Settlement",
    "SettlementRefused",
    "approve",
    "approve_batch",
    "approve_first_logic",
    "approve_logic",
    "decision_codes",
    "files_that_left",
    "read_batch",
    "read_holds",
    "read_modes",
    "reject",
    "release",
    "release_security",
    "set_mode",
    "settle",
    "settle_interrupted",
    "unanswered_slices",
    "unknown_slice",
    "write_review_queue",
]
