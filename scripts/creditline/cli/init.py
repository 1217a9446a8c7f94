"""`creditline init`: a production home with its folders and keys, and what comes next."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from creditline.errors import UsageError
from creditline.home import SETTINGS_FILE, TRIAL_OUTBOX, Home, HomeSettings, create_home
from creditline.home.files import Json
from creditline.home.keys import require_keys
from creditline.landing.expected import require_known_sources

_OPTIONS = {
    "name": "--name",
    "expected_sources": "--expect",
    "time_zone": "--time-zone",
    "cut_off": "--cut-off",
    "retention_days": "--retention-days",
    "is_trial": "--trial",
}
_REQUIRED_SOURCE = "account_snapshot"
# The parts of a home, and files that a disk or the scheduler puts beside them.
_NAMES = {
    *(
        SETTINGS_FILE,
        "keys",
        "landing",
        "identity",
        "raw",
        "quarantine",
        "state",
        "policy",
        "logic",
        "warehouse",
        "published",
    ),
    *("outbox", TRIAL_OUTBOX, "releases", "control", "airflow", "lost+found"),
}


@dataclass(frozen=True)
class MadeHome:
    """A home, and the parts that this call made: none if it was complete already."""

    home: Home
    made: tuple[Path, ...]


def initialise(
    root: Path,
    *,
    name: str,
    expect: list[str],
    time_zone: str | None,
    cut_off: str | None,
    retention_days: int | None,
    is_trial: bool = False,
) -> MadeHome:
    """Make a home that is not a demo, or the missing parts of one that was interrupted or written by hand.

    Args:
        expect: sources that every night must bring, in addition to the account snapshot; none: those of the settings.
        time_zone, cut_off, retention_days: None: those of the settings, or the defaults of a new home.
        is_trial: its orders reach no core, and its present time is the newest night's cut-off.

    Raises:
        UsageError: an option is impossible, or the folder holds a home with other settings or something else.
        KeyRefused: the keys are lost although the home has used them, or they are refused.
    """
    require_known_sources(expect, "--expect")
    if cut_off is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", cut_off):
        raise UsageError(f"--cut-off {cut_off} is not a time of the day; write HH:MM, like 02:00")
    given = {
        "name": name,
        "expected_sources": tuple(dict.fromkeys((_REQUIRED_SOURCE, *expect))) if expect else None,
        "time_zone": time_zone,
        "cut_off": cut_off,
        "retention_days": retention_days,
        "is_trial": is_trial or None,
    }
    settings = _settings({key: value for key, value in given.items() if value is not None})
    home = Home(root.resolve())
    there = _require_place(home)
    if home.root / SETTINGS_FILE in there:
        _require_same(home, settings)
        there = {path for path in _parts(home) if path.exists()}
    create_home(home.root, settings)
    require_keys(home)
    return MadeHome(home, tuple(path for path in _parts(home) if path not in there))


def next_steps(home: Home) -> list[tuple[str, str]]:
    """What to do with a new home, in order, and with which command or where."""
    creditline = f"creditline --home {shlex.quote(str(home.root))}"
    keys = home.key_file(home.settings.keys.signing_key).parent
    return [
        ("Back up the keys, apart from the home: a lost key is never made again.", str(keys)),
        (
            "Route your entities and products to packs, then `creditline policy check`.",
            "dbt_project/policies/assignment.csv",
        ),
        ("Land the first night (docs/reference/landing.md), and try it.", f"creditline check {home.landing}/DATE"),
        ("Run it: every slice is in observe, nothing is ordered.", f"{creditline} night --all"),
        ("See where the nights stand.", f"{creditline} status"),
        *_going_live(home, creditline),
    ]


def _going_live(home: Home, creditline: str) -> list[tuple[str, str]]:
    mode = f"{creditline} mode set ENTITY/product 'ramp 5' --by A --approved-by B"
    if home.settings.is_trial:
        return [(f"Go live whenever you like: orders go to {home.outbox.name}, which reaches no core.", mode)]
    code = f"{creditline} logic approve HASH --by A --approved-by B"
    return [
        ("Let two people approve the decision code (`creditline logic show`).", code),
        ("Go live step by step (docs/how-to/go-live.md).", mode),
    ]


def made_text(made: MadeHome) -> str:
    """What was made, and what comes next, for people."""
    home = made.home
    if not made.made:
        return f"{home.root} is the home of {home.settings.title} already, and complete: nothing was made"
    names = [str(path.relative_to(home.root)) if path.is_relative_to(home.root) else str(path) for path in made.made]
    lines = [f"Home {home.settings.title}", f"  in {home.root}", "", "Made:"]
    lines += textwrap.wrap(", ".join(names), 78, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    lines += ["", "Next:"]
    for number, (what, how) in enumerate(next_steps(home), start=1):
        lines += [f"  {number}. {what}", f"     {how}"]
    return "\n".join(lines)


def _settings(given: Json) -> HomeSettings:
    try:
        return HomeSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        option = _OPTIONS[str(first["loc"][0])]
        why = " ".join(first["msg"].removeprefix("Value error, ").split())
        raise UsageError(f"{option} {first['input']}: {why}") from error


def _parts(home: Home) -> list[Path]:
    keys = (home.settings.keys.pseudonym_secret, home.settings.keys.signing_key)
    return [home.root / SETTINGS_FILE, home.published, *home.private_folders, *map(home.key_file, keys)]


def _require_place(home: Home) -> set[Path]:
    """Check that a home has a folder of its own. Returns what is in it."""
    if home.root.exists() and not home.root.is_dir():
        raise UsageError(f"{home.root} is not a folder; give --home the folder of the home")
    there = set(home.root.iterdir()) if home.root.is_dir() else set()
    foreign = sorted(path.name for path in there if path.name not in _NAMES and not path.name.startswith("."))
    if foreign:
        raise UsageError(
            f"{home.root} holds {foreign[0]}, which is not a part of a home; give --home a folder of its own"
        )
    return there


def _require_same(home: Home, asked: HomeSettings) -> None:
    """Check that the options fit an existing home: settings are changed by hand in their file, never by `init`."""
    if home.settings.is_demo:
        raise UsageError(f"{home.root} is a demo home, '{home.settings.name}'; give another --home")
    for name in asked.model_fields_set:
        there, wanted = getattr(home.settings, name), getattr(asked, name)
        if there != wanted:
            raise UsageError(
                f"{home.root} already is the home of '{home.settings.name}', and its {name} is {_shown(there)}, not"
                f" {_shown(wanted)}; change {SETTINGS_FILE} by hand, or give another --home"
            )


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
