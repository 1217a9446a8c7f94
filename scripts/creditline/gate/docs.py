"""Pages of Great Expectations' Data Docs that need nothing but themselves: no script, no font, no picture, no other host.

They are the library's own sections and tables. Only what stood on other hosts' files is laid out here (`pages/`), and a list
of runs is a table in the page and not one that a script would draw. Templates are compiled once a process, not once a page.
"""

from __future__ import annotations

from pathlib import Path
from types import CodeType

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.components import RenderedDocumentContent
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader
from jinja2.bccache import Bucket

from creditline.gate.engine import raised
from creditline.gate.evidence import shown_result


class _Compiled(BytecodeCache):
    """Compiled templates of this process, by Jinja's own key; one whose text changed since is compiled again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._known.get(bucket.key, (None, None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._known[bucket.key] = (bucket.checksum, bucket.code)


_compiled = _Compiled()
_PAGES = FileSystemLoader(Path(__file__).with_name("pages"))


class _OfOneFile:
    env: Environment

    def __init__(self, *folders: str | None, **options: str | None) -> None:
        super().__init__(*folders, **options)
        self.env.loader = ChoiceLoader([_PAGES, *filter(None, [self.env.loader])])
        self.env.bytecode_cache = _compiled


class PageView(_OfOneFile, DefaultJinjaPageView):
    """The page of one validation."""


class IndexPageView(_OfOneFile, DefaultJinjaIndexPageView):
    """The page that lists them."""


class PageWithoutValues(ValidationResultsPageRenderer):
    """What the page of one validation says: no value of a row, as the rest of the evidence."""

    def render(
        self, validation_results: ExpectationSuiteValidationResult, suite_parameters: object = None
    ) -> RenderedDocumentContent:
        """The content of the page."""
        for result in validation_results.results:
            if result.expectation_config is not None:
                result.result = shown_result(result.expectation_config.type, result.result or {})
            if raised(result):
                # a conversion that failed names the value
                result.exception_info = {
                    "raised_exception": True,
                    "exception_message": "It could not be judged; the night's own message says why.",
                    "exception_traceback": "",
                }
        content: RenderedDocumentContent = super().render(validation_results, suite_parameters)
        return content
