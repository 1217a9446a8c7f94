"""A person's data: what the house holds of one customer, and how it ends."""

from creditline.subject.erase import Erasure, ErasureRefused, erase_subject
from creditline.subject.export import export_subject
from creditline.subject.person import Person, find_person

__all__ = ["Erasure", "ErasureRefused", "Person", "erase_subject", "export_subject", "find_person"]
