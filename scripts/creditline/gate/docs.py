"""Pages of Great Expectations' Data Docs, whose templates are compiled once a process and not once a page."""

from __future__ import annotations

from types import CodeType

from great_expectations.render.view.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _Compiled(BytecodeCache):
    """Compiled templates of this process, by Jinja's own key; one whose text changed since is compiled again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._known.get(bucket.key, (None, None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = (bucket.checksum, bucket.code)


_compiled = _Compiled()


class _Kept:
    def __init__(self, *folders: str | None, **options: str | None) -> None:
        super().__init__(*folders, **options)
        self.env.bytecode_cache = _compiled


class PageView(_Kept, DefaultJinjaPageView):
    """The page of one validation."""


class IndexPageView(_Kept, DefaultJinjaIndexPageView):
    """The page that lists them."""
