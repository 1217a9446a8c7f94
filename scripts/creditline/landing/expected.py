"""Check the names of sources that a home expects. A night would wait for a misspelt source that nobody delivers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from creditline.errors import UsageError
from creditline.landing.contract import contract


def require_known_sources(names: Iterable[str], where: str) -> None:
    """Stop if a source is expected that the landing contract does not have.

    Args:
        where: where the names were given, as the start of a sentence.

    Raises:
        UsageError: the first such name, and what was probably meant.
    """
    for name in names:
        if name not in contract():
            near = difflib.get_close_matches(name, contract(), 1)
            meant = f"did you mean {near[0]}?" if near else f"the sources are {', '.join(contract())}"
            raise UsageError(f"{where}: '{name}' is not a source of the landing contract; {meant}")
