"""Policy packs: reading, validating, hashing, archiving, describing them to the build."""

from creditline.policy.packs import Pack, PackRefused, PolicySet, archive, load_pack, packs_in_force, policy_relations
from creditline.policy.validation import validate_pack

__all__ = [
    "Pack",
    "PackRefused",
    "PolicySet",
    "archive",
    "load_pack",
    "packs_in_force",
    "policy_relations",
    "validate_pack",
]
