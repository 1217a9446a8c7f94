"""Who acted and who agreed: what takes two people is never done by one, or by one and nobody."""

from __future__ import annotations

from creditline.errors import UsageError


def require_person(what: str, by: str) -> None:
    """Stop what nobody answers for.

    Args:
        what: what is to be done, as the start of a sentence.

    Raises:
        UsageError: the name is empty.
    """
    if not _same_name(by):
        raise UsageError(f"{what} needs somebody who answers for it: give --by the name of a person")


def require_two_people(what: str, by: str, approved_by: str | None) -> None:
    """Stop what one person cannot do alone.

    Args:
        what: what is to be done, as the start of a sentence.

    Raises:
        UsageError: one of the names is empty, or both are one person's.
    """
    if not are_two_people(by, approved_by):
        raise UsageError(
            f"{what} needs two people: give --by a name, and --approved-by that of somebody other than '{by}'"
        )


def are_two_people(by: str, approved_by: str | None) -> bool:
    """Whether the names differ by more than case or blanks, and neither is empty, as the nights read an override's
    (macro `is_approved_by_second_person`)."""
    names = {_same_name(by), _same_name(approved_by)}
    return len(names) == 2 and "" not in names


def _same_name(name: str | None) -> str:
    """A name as far as it tells people apart."""
    return (name or "").strip().casefold()
