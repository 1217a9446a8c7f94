"""A warehouse home: its place, name and settings (docs/reference/home.md)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from creditline.errors import UsageError
from creditline.home.files import make_directory, make_readable_directory, write_new_file
from creditline.home.key_files import read_secret
from creditline.home.yaml_file import read_yaml

SETTINGS_FILE = "creditline.yml"
# The folder and the prefix of a trial's files: no program that fetches orders looks there or matches these names.
TRIAL_OUTBOX, TRIAL_MARK = "trial-outbox", "TRIAL_"
# The folder of deliveries between nights, below that of a business date.
INTRADAY = "intraday"
# In these years every window and time zone before and after a date fits into the calendar.
YEARS = range(1900, 9000)
# All demo homes share one well-known secret, so that two of them are equal byte for byte.
# A release refuses it anywhere else.
DEMO_SECRET = bytes.fromhex("c0ffee" * 10 + "c0ff")
# Sizes that the engine and pydantic read in the same way.
_SIZE = r"^[1-9][0-9]*(\.[0-9]+)?([KMGT]i?)B$"
_BYTES = TypeAdapter(ByteSize)


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    # the name of a folder of zones, or an impossible file name, raises an error of the disk
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"'{value}' is not a time zone; write one like Europe/Prague") from error
    return value


def _quoted(value: object) -> object:
    # YAML reads an unquoted 22:00 as the number 1320, which would be 22 minutes past midnight
    if not isinstance(value, str | time):
        raise ValueError('write the time in quotes: "02:00"')
    return value


def _local(value: time) -> time:
    if value.tzinfo:
        raise ValueError('write the time of the home\'s own zone, without another: "02:00"')
    return value


# A time zone and a local time of the day in a YAML file.
TimeZone = Annotated[str, AfterValidator(_known_zone)]
TimeOfDay = Annotated[time, BeforeValidator(_quoted), AfterValidator(_local)]


class KeyLocations(BaseModel):
    """The files of the home's secrets; a relative path starts from the home."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pseudonym_secret: str = "keys/pseudonym.secret"
    signing_key: str = "keys/signing.pem"


class AppealRoute(BaseModel):
    """How a customer contests a decision, as every notice of a cut or freeze says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = Field(default="如对本次决定有异议，请联系客服提出申诉，我们会重新核对。", pattern=r"\S")
    en: str = Field(
        default="If you do not agree, contact our customer service to appeal; we then check the decision again.",
        pattern=r"\S",
    )


class HomeSettings(BaseModel):
    """`creditline.yml` of a home. Amounts of different currencies are never added: a home has one currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")
    time_zone: TimeZone = "Asia/Shanghai"
    cut_off: TimeOfDay = time(2, 0)
    expected_sources: tuple[str, ...] = ("account_snapshot",)
    night_feed: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,32}$")
    retention_days: int = Field(default=400, ge=1)
    keys: KeyLocations = KeyLocations()
    appeal_route: AppealRoute = AppealRoute()
    is_demo: bool = False
    is_trial: bool = False
    memory_limit: str = Field(default="4GB", pattern=_SIZE)
    threads: int = Field(default=2, ge=1)
    spill_directory: str = "warehouse/spill"
    spill_limit: str = Field(default="100GB", pattern=_SIZE)

    @model_validator(mode="after")
    def _one_kind(self) -> HomeSettings:
        if self.is_demo and self.is_trial:
            raise ValueError("is_demo and is_trial: a home is a demo or a trial, not both")
        return self

    @property
    def orders_nobody_real(self) -> bool:
        """Whether the home's orders reach nobody real: a demo home or a trial."""
        return self.is_demo or self.is_trial

    @property
    def title(self) -> str:
        """The name, and if the home is a trial, that it is one, so that nobody takes it for a production home."""
        return f"{self.name} (trial: its orders reach no core)" if self.is_trial else self.name

    @property
    def memory_limit_bytes(self) -> int:
        return _BYTES.validate_python(self.memory_limit)

    @property
    def spill_limit_bytes(self) -> int:
        return _BYTES.validate_python(self.spill_limit)


@dataclass(frozen=True)
class Home:
    """One warehouse home; every path below it has a name here."""

    root: Path

    @cached_property
    def settings(self) -> HomeSettings:
        path = self.root / SETTINGS_FILE
        if not path.is_file():
            raise UsageError(
                f"{self.root} is not a warehouse home: {SETTINGS_FILE} is missing; make one with `init`, `simulate` or `import`"
            )
        return read_yaml(path, HomeSettings, UsageError)

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def identity_file(self) -> Path:
        return self.root / "identity" / "identity.duckdb"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def policy(self) -> Path:
        return self.root / "policy"

    @property
    def logic(self) -> Path:
        return self.root / "logic"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        return self.warehouse / "warehouse.duckdb"

    @property
    def spill(self) -> Path:
        """Where the engine puts what does not fit into memory."""
        return self.root / self.settings.spill_directory

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def current(self) -> Path:
        return self.published / "current"

    @property
    def outbox(self) -> Path:
        """Files for the core and for those who tell customers; a trial has a folder of its own, from which nobody fetches."""
        return self.root / (TRIAL_OUTBOX if self.settings.is_trial else "outbox")

    def feed_file(self, feed: str, rest: str) -> Path:
        """A file of a feed in the outbox; the name of a trial's says so."""
        return self.outbox / feed / f"{TRIAL_MARK if self.settings.is_trial else ''}{feed}_{rest}"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def control(self) -> Path:
        """What people recorded for good."""
        return self.root / "control"

    @property
    def modes_file(self) -> Path:
        return self.control / "modes.jsonl"

    @property
    def skips_file(self) -> Path:
        return self.control / "skips.jsonl"

    @property
    def approvals_file(self) -> Path:
        return self.control / "approvals.jsonl"

    @property
    def logic_approvals_file(self) -> Path:
        return self.control / "logic.jsonl"

    @property
    def inherited_file(self) -> Path:
        return self.control / "inherited.jsonl"

    @property
    def inherited_batches(self) -> Path:
        """Batches of inherited triggers that were approved, by their sha256."""
        return self.control / "inherited"

    @property
    def restatements_file(self) -> Path:
        return self.root / "control" / "restatements.jsonl"

    @property
    def undone_file(self) -> Path:
        return self.control / "identity_undone.jsonl"

    @property
    def erasures_file(self) -> Path:
        return self.control / "erasures.jsonl"

    @property
    def private_folders(self) -> tuple[Path, ...]:
        """The folders that only the home's own user may enter. Publications are open, and keys have stricter rules."""
        return (
            *(self.landing, self.identity_file.parent, self.raw, self.quarantine, self.state, self.policy, self.logic),
            *(self.warehouse, self.outbox, self.releases, self.control),
        )

    def has_history(self) -> bool:
        """Whether anything was taken in, decided or recorded in this home; then its settings and keys cannot be made again."""
        used = (self.raw, self.state, self.published, self.releases, self.control, self.identity_file.parent)
        return any(not path.name.startswith(".") for folder in used if folder.is_dir() for path in folder.iterdir())

    def key_file(self, location: str) -> Path:
        """The file of one secret of `settings.keys`."""
        return self.root / location

    def landed_dates(self) -> list[date]:
        """Business dates that have a night's delivery in landing/, in order."""
        return sorted(day for day in _dates_in(self.landing) if _is_landed(self.landing / str(day)))

    def watched_dates(self) -> list[date]:
        """Days that have a folder of deliveries between nights, in order."""
        return sorted(day for day in _dates_in(self.landing) if (self.landing / str(day) / INTRADAY).is_dir())

    def published_dates(self) -> list[date]:
        """Business dates that have at least one complete publication, in order."""
        published = str(self.published)
        return sorted(day for day in _dates_in(self.published) if os.path.isdir(f"{published}/{day}/r00"))

    def cut_off_at(self, business_date: date) -> datetime:
        """The time (UTC, naive) after which nothing that becomes known belongs to this night.

        A night ends in the small hours of the next calendar day, local time of the home.
        """
        return local_to_utc(
            datetime.combine(business_date + timedelta(days=1), self.settings.cut_off), self.settings.time_zone
        )

    def pseudonym_secret(self) -> bytes:
        """The secret behind every keyed hash of a device, an address or a source's own event id."""
        if self.settings.is_demo:
            return DEMO_SECRET
        return read_secret(self.key_file(self.settings.keys.pseudonym_secret))


def local_to_utc(moment: datetime, time_zone: str) -> datetime:
    """A local wall-clock time as a naive UTC timestamp."""
    return moment.replace(tzinfo=ZoneInfo(time_zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def open_home(root: Path) -> Home:
    """An existing home. Raises UsageError if there is none at `root` or its settings are refused."""
    home = Home(_place(root))
    home.settings  # noqa: B018  (reads and validates)
    _close_to_others(home)
    return home


def create_home(root: Path, settings: HomeSettings) -> Home:
    """Make a home at `root` with these settings, folders and keys. An existing home must have the same name; it stays as it
    is and gets what an interrupted call left out.

    Raises:
        UsageError: another home is there, or one that lost its settings.
        KeyRefused: a key of a home that has used it is lost.
    """
    from creditline.home.keys import make_keys

    home = Home(_place(root))
    if not (home.root / SETTINGS_FILE).exists() and home.has_history():
        raise UsageError(f"{home.root} is a home that lost its {SETTINGS_FILE}; restore it from a backup")
    make_readable_directory(home.root)
    content = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    # readers of publications need it, and it holds no secret
    write_new_file(home.root / SETTINGS_FILE, content.encode(), mode=0o644)
    if home.settings.name != settings.name:
        raise UsageError(
            f"{home.root} already is the home of '{home.settings.name}', not of '{settings.name}'; give another --home"
        )
    for kind in ("demo", "trial"):
        if getattr(settings, f"is_{kind}") and not getattr(home.settings, f"is_{kind}"):
            raise UsageError(
                f"{home.root} already is the home of '{home.settings.name}', no {kind}; give another --home"
            )
    make_readable_directory(home.published)
    for folder in home.private_folders:
        make_directory(folder, mode=0o700)
    _close_to_others(home)
    make_keys(home)
    return home


def _close_to_others(home: Home) -> None:
    """Close everything but publications to other users of the machine; access that the owner gave to a group stays."""
    for folder in home.private_folders:
        # a home on a read-only disk stays as it is; only its owner can change access at all
        with suppress(OSError):
            facts = folder.stat()
            if facts.st_mode & stat.S_IRWXO and facts.st_uid == os.geteuid():
                folder.chmod(stat.S_IMODE(facts.st_mode) & ~stat.S_IRWXO)


def _place(root: Path) -> Path:
    """Where a home lies, if databases can be kept there: DuckDB reads `?` as the end of a file's name and `\\` as a `/`, dbt `#`
    as the end of a path."""
    place = root.resolve()
    if not str(place).isprintable() or set("?#\\") & set(str(place)):
        raise UsageError(
            f"{str(place)!r} cannot be a home: its path holds ?, #, \\ or a control character; give another --home"
        )
    return place


def _dates_in(directory: Path) -> Iterator[date]:
    if directory.is_dir():
        for entry in directory.iterdir():
            if (day := _date_of(entry.name)) is not None:
                yield day


def _date_of(name: str) -> date | None:
    """The date in a folder's name; 20260901 and 2026-W36-2 are dates but not names of folders."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if str(day) == name and day.year in YEARS else None


def _is_landed(folder: Path) -> bool:
    """Move a night's files into the folder with those of the day, one by one, the manifest last."""
    return not (folder / INTRADAY).is_dir() or (folder / "manifest.json").is_file()
