"""Publication: written under another name, synced, renamed, and shown by changing one pointer."""

from creditline.publish.publication import NothingToPublish, Publication, publish

__all__ = ["NothingToPublish", "Publication", "publish"]
