"""Policy packs: reading, validating, hashing, archiving, laying them before the build."""

from creditline.policy.packs import Pack, PackRefused, PolicySet, archive, lay_policy_tables, load_pack, packs_in_force
from creditline.policy.validation import validate_pack

__all__ = [
    "Pack",
    "PackRefused",
    "PolicySet",
    "archive",
    "lay_policy_tables",
    "load_pack",
    "packs_in_force",
    "validate_pack",
]
