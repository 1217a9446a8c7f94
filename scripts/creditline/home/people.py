"""Who acted and who agreed. What needs two people is never done by one person alone.

Only names are known, so a name that is spelt in another way, or with one letter changed, counts as the same person's.
"""

from __future__ import annotations

import unicodedata

from creditline.errors import UsageError

# Letters that look like another letter, with that letter; all are in lower case.
_LOOKALIKES = str.maketrans(
    "01i" "авекмнорстухѕіјԁһԛԝ" "αβεηικμνορτυχ",
    "oll" "abekmhopctyxsljdhqw" "abehlkmvoptyx",
)  # fmt: skip


def require_person(what: str, by: str) -> None:
    """Stop if no person is named.

    Args:
        what: what is to be done, as the start of a sentence.

    Raises:
        UsageError: the name is empty, or cannot be printed as it stands.
    """
    _require_printable(what, by)
    if not _same_name(by):
        raise UsageError(f"{what} needs a person who answers for it: give a name with --by")


def require_two_people(what: str, by: str, approved_by: str | None) -> None:
    """Stop unless two people are named.

    Args:
        what: what is to be done, as the start of a sentence.

    Raises:
        UsageError: one of the names is empty or cannot be printed as it stands, or both are one person's.
    """
    _require_printable(what, by, approved_by)
    if not are_two_people(by, approved_by):
        raise UsageError(
            f"{what} needs two people: give --by a name, and --approved-by that of somebody other than '{by}';"
            " names that differ in no more than one letter are one person's: give full names"
        )


def are_two_people(by: str, approved_by: str | None) -> bool:
    """Whether two names are those of two people, as the nights read an override's (macro
    `is_approved_by_second_person`): neither is empty, and they differ in more than one letter or digit. Case, accents,
    blanks, punctuation, and letters that look alike make no difference."""
    first, second = _same_name(by), _same_name(approved_by)
    return bool(first and second) and not _is_one_letter_apart(first, second)


def _require_printable(what: str, *names: str | None) -> None:
    for name in names:
        # categories C: control and format characters, bidi overrides and zero widths among them; Zl, Zp: line ends
        if any(unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029" for letter in name or ""):
            raise UsageError(f"{what} needs names that can be printed: {name!a} holds a control character")


def _same_name(name: str | None) -> str:
    """The part of a name that tells people apart: its letters and digits."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name or "").casefold())
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LN").translate(_LOOKALIKES)


def _is_one_letter_apart(first: str, second: str) -> bool:
    """Whether two names are equal, or differ by one letter that is changed, added or left out."""
    shorter, longer = sorted((first, second), key=len)
    same = 0
    while same < len(shorter) and shorter[same] == longer[same]:
        same += 1
    return longer[same + 1 :] in (shorter[same:], shorter[same + 1 :])
