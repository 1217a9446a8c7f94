"""Publication: staged beside, synced, renamed, and shown by one flip of a pointer."""

from creditline.publish.publication import NothingToPublish, Publication, publish

__all__ = ["NothingToPublish", "Publication", "publish"]
