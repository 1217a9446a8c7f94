"""Publication: staged beside, synced, renamed, and shown by one flip of a pointer."""

from creditline.publish.publication import MANIFEST, REVISION, NothingToPublish, Publication, publish, read_manifest

__all__ = ["MANIFEST", "REVISION", "NothingToPublish", "Publication", "publish", "read_manifest"]
