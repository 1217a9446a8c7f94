"""A person's data: export what is held about one customer, or erase it."""

from creditline.subject.erase import Erasure, ErasureRefused, erase_subject
from creditline.subject.export import export_subject
from creditline.subject.person import Person, find_person

__all__ = ["Erasure", "ErasureRefused", "Person", "erase_subject", "export_subject", "find_person"]
