"""Policy packs: how they are read, validated, compared, hashed, archived and handed to the build."""

from creditline.policy.check_assignments import validate_assignments
from creditline.policy.compare import CellChange, diff_packs
from creditline.policy.in_force import packs_in_force
from creditline.policy.packs import (
    Pack,
    PackRefused,
    PolicySet,
    archive,
    archived_pack,
    load_pack,
    policy_relations,
    read_assignments,
)
from creditline.policy.shelf import check_all, check_pack, find_pack, load_named
from creditline.policy.validation import validate_pack

__all__ = [
    "CellChange",
    "Pack",
    "PackRefused",
    "PolicySet",
    "archive",
    "archived_pack",
    "check_all",
    "check_pack",
    "diff_packs",
    "find_pack",
    "load_named",
    "load_pack",
    "packs_in_force",
    "policy_relations",
    "read_assignments",
    "validate_assignments",
    "validate_pack",
]
