"""The documentation is true where a test can tell: links lead somewhere, made pages are made anew, words are defined once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    """A page without its blocks of code, in which brackets mean something else."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors_of(page: Path) -> set[str]:
    """The anchors that a page offers: its headings, spelt as the usual renderers do."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text()), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)) for heading in headings)
    return {heading.strip().lower().replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    broken = []
    for link in LINK.findall(without_code(page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = Path(os.path.normpath(page.parent / path)) if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    named = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in LINK.findall(index)}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page.parent.name != "decisions"}
    assert sorted(str(page.relative_to(ROOT)) for page in pages - named - {ROOT / "docs" / "README.md"}) == []


def test_made_pages_are_as_the_code_is():
    program = (
        "import reference, sys\nfrom pathlib import Path\nfolder = Path(sys.argv[1])\n"
        "print(*(name for name, text in reference.pages().items() if (folder / name).read_text() != text))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT / 'docs' / 'tools'}"}
    command = [sys.executable, "-c", program, str(ROOT / "docs" / "reference")]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == [], "run `scripts/docs reference`"


def test_every_word_of_the_glossary_is_one_sentence_and_there_once():
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    words = {word: meaning for word, meaning in rows if word not in ("word", "---")}
    names = [word for word, _ in rows if word in words]
    assert len(words) > 80
    assert len(names) == len(words)
    assert [word for word, meaning in words.items() if not re.fullmatch(r"[A-Z`'].*\.", meaning)] == []
    assert [word for word, meaning in words.items() if re.search(r"\. [A-Z]", meaning)] == []
