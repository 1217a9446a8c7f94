"""Publication: staged beside, synced, renamed, and shown by one flip of a pointer."""

from creditline.home.publications import MANIFEST, REVISION, read_manifest
from creditline.publish.publication import NothingToPublish, Publication, publish

__all__ = ["MANIFEST", "REVISION", "NothingToPublish", "Publication", "publish", "read_manifest"]
