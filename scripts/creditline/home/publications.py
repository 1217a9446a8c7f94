"""Where publications lie, and the manifest of one: readable without the steps that make them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from creditline.home import Home

REVISION = "r00"
MANIFEST = "manifest.json"


def publication_directory(home: Home, business_date: date) -> Path:
    """The first publication of a night, whether it is there or not."""
    return home.published / str(business_date) / REVISION


def read_manifest(home: Home, business_date: date) -> dict[str, object]:
    """The manifest of a published night."""
    return json.loads((publication_directory(home, business_date) / MANIFEST).read_text())
