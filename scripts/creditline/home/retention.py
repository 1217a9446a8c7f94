"""Delete old files that hold the core's ids: landing, quarantine and outbox (docs/reference/home.md)."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

from creditline.home import Home

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def purge_expired(home: Home) -> list[Path]:
    """Delete deliveries, refused rows and orders of nights more than `retention_days` before the newest published one.

    The machine's clock does not matter. A landed night that is not published yet is never deleted.

    Returns: what was deleted, in order.
    """
    published = home.published_dates()
    if not published:
        return []
    last_kept = published[-1] - timedelta(days=home.settings.retention_days)
    folders = [*home.landing.glob("*"), *home.quarantine.glob("*")]
    expired = [path for path in (*folders, *home.outbox.glob("*/*")) if _is_before(path, last_kept)]
    for path in sorted(expired):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sorted(expired)


def _is_before(path: Path, last_kept: date) -> bool:
    found = _DATE.search(path.name)
    return found is not None and date.fromisoformat(found[0]) < last_kept
