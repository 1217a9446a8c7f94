"""A map: a folder of YAML and SQL that says how an extract becomes deliveries."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from creditline.errors import CreditlineError, UsageError
from creditline.home import HomeSettings, TimeOfDay, TimeZone
from creditline.home.yaml_file import read_yaml
from creditline.landing.contract import contract

MAP_FILE = "map.yml"
PREPARE_FILE = "prepare.sql"
DATES_FILE = "dates.sql"
TRUTH_FILE = "truth.sql"
_OTHER_SQL_FILES = {PREPARE_FILE, DATES_FILE, TRUTH_FILE}
_REQUIRED_SOURCE = "account_snapshot"
_SQL_NAME = r"^[a-z][a-z0-9_]{0,62}$"
_BUNDLED = Path(__file__).parent / "maps"

SqlName = Annotated[str, Field(pattern=_SQL_NAME)]
Parameter = StrictBool | StrictInt | StrictStr | Annotated[date, Strict()]


class UnknownMap(UsageError):
    """No bundled map has this name, and it is not the folder of a map."""


class BrokenMap(CreditlineError):
    """A file of a map is missing or wrong."""


class ExtractTable(BaseModel):
    """One table of the extract, named `extract.<name>` in SQL, with only the columns that the map lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[str, ...] = Field(min_length=1)
    file: str | None = None  # a name or a glob below the extract's folder; absent if the extract is one file
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"  # any of Python's
    skip_lines: int = Field(default=0, ge=0)  # lines above the header: a title
    trailer: int = Field(default=0, ge=0)  # lines at the end that are no rows

    @field_validator("file")
    @classmethod
    def _below_the_extract(cls, value: str | None) -> str | None:
        if value is not None and (PurePosixPath(value).is_absolute() or ".." in PurePosixPath(value).parts):
            raise ValueError("a file is named relative to the extract's folder and lies below it")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError(f"'{value}' is no encoding of text; for example utf-8, gb18030, utf-16, cp1252") from error
        return codecs.lookup(value).name


class Numbers(BaseModel):
    """How numbers in the text of the extract are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decimal: Literal[".", ","] = "."
    thousands: str = Field(default="", pattern=r"^[^0-9+-]?$")

    @model_validator(mode="after")
    def _two_signs(self) -> Numbers:
        if self.decimal == self.thousands:
            raise ValueError(f"'{self.decimal}' cannot part decimals and thousands")
        return self


class HomeDefaults(BaseModel):
    """Settings for the home of an imported book."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")
    time_zone: TimeZone
    cut_off: TimeOfDay
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    expected_sources: tuple[str, ...] = (_REQUIRED_SOURCE,)


class MapDefinition(BaseModel):
    """`map.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9_]{1,32}$")  # also the feed of the deliveries
    description: str
    attribution: str
    source: Literal["file", "directory"]
    tables: dict[SqlName, ExtractTable] = Field(min_length=1)
    home: HomeDefaults
    numbers: Numbers = Numbers()  # for the converters; an SQL file may give others
    time_zone: TimeZone | None = None  # of times in the extract that state no zone; absent: the home's own
    dates: tuple[date, ...] = ()  # business dates; absent if dates.sql finds them
    coverage_from: date | None = None  # first day of the extract's events; absent: its first business date
    parameters: dict[SqlName, Parameter] = {}

    @model_validator(mode="after")
    def _tables_fit_the_source(self) -> MapDefinition:
        if self.source == "file" and (len(self.tables) != 1 or next(iter(self.tables.values())).file):
            raise ValueError("an extract of one file is one table, without 'file'")
        if self.source == "directory" and not all(table.file for table in self.tables.values()):
            raise ValueError("every table of a directory names its 'file'")
        return self


@dataclass(frozen=True)
class Map:
    """A loaded map: its folder, what `map.yml` says, and the landing sources that it has SQL for."""

    directory: Path
    definition: MapDefinition
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.definition.name

    def home_settings(self, *, is_demo: bool = False, is_trial: bool = False) -> HomeSettings:
        """The settings of a new home for this book."""
        home = self.definition.home
        return HomeSettings(
            name=home.name,
            time_zone=home.time_zone,
            cut_off=home.cut_off,
            expected_sources=home.expected_sources,
            is_demo=is_demo,
            is_trial=is_trial,
        )

    def has(self, file: str) -> bool:
        return (self.directory / file).is_file()

    def sql(self, file: str) -> str:
        """The text of one SQL file."""
        return (self.directory / file).read_text(encoding="utf-8")


def bundled_maps() -> list[str]:
    """Names of the maps that come with the package, sorted."""
    return sorted(path.parent.name for path in _BUNDLED.glob(f"*/{MAP_FILE}"))


def load_map(name_or_dir: str | Path) -> Map:
    """A bundled map by its name, or anybody's own by its folder.

    Raises:
        UnknownMap: neither a bundled name nor a folder with a `map.yml`.
        BrokenMap: `map.yml` does not hold, or an SQL file is missing, misnamed or one too many.
    """
    directory = _BUNDLED / name_or_dir if str(name_or_dir) in bundled_maps() else Path(name_or_dir)
    if not (directory / MAP_FILE).is_file():
        raise UnknownMap(
            f"there is no map '{name_or_dir}': the bundled ones are {', '.join(bundled_maps())}; "
            f"your own is a folder with a {MAP_FILE} (docs/how-to/mapping.md)"
        )
    loaded = Map(directory.resolve(), _read_definition(directory / MAP_FILE), _sources_in(directory))
    _check_files(loaded)
    return loaded


def _read_definition(path: Path) -> MapDefinition:
    return read_yaml(path, MapDefinition, BrokenMap)


def _sources_in(directory: Path) -> tuple[str, ...]:
    files = {path.name for path in directory.glob("*.sql")} - _OTHER_SQL_FILES
    unknown = sorted(files - {f"{source}.sql" for source in contract()})
    if unknown:
        raise BrokenMap(
            f"{directory / unknown[0]} is named after no landing source; "
            f"the sources are {', '.join(contract())}, other SQL files {', '.join(sorted(_OTHER_SQL_FILES))}"
        )
    return tuple(source for source in contract() if f"{source}.sql" in files)


def _check_files(loaded: Map) -> None:
    for source in dict.fromkeys((_REQUIRED_SOURCE, *loaded.definition.home.expected_sources)):
        if source not in loaded.sources:
            raise BrokenMap(
                f"{loaded.directory / source}.sql is missing: every map lands {_REQUIRED_SOURCE} "
                f"and what its home.expected_sources names; write the file or take the name out"
            )
    if bool(loaded.definition.dates) == loaded.has(DATES_FILE):
        raise BrokenMap(
            f"{loaded.directory / MAP_FILE}: business dates come either from 'dates' or from {DATES_FILE}: "
            f"give one of the two"
        )
