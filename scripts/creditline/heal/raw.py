"""Make raw files again from a delivery that is still in landing/."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditline.gate.id_changes import find_contradictions
from creditline.gate.raw import write_raw
from creditline.gate.routing import suite_of
from creditline.gate.verdict import judge_source
from creditline.home import INTRADAY, Home
from creditline.home.database import connect_within
from creditline.home.files import sha256_of
from creditline.landing.accept import accept_files, acceptance_of
from creditline.landing.contract import MANIFEST_FILE
from creditline.landing.files import FileRefused
from creditline.landing.manifest import read_manifest
from creditline.store.record import DeliveryRecord, SourceRecord


@dataclass(frozen=True)
class _Beside(Home):
    """The same home with its raw files in a temporary folder."""

    @property
    def raw(self) -> Path:
        return self.warehouse / "heal" / "raw"


def remade_raw(home: Home, record: DeliveryRecord, lost: SourceRecord, scratch: Path) -> Path | None:
    """Make one raw file of a delivery from its landing file; None if that is gone.

    Ids have their keys already, so none is given out. The sha256 tells whether the file is the one that was lost.

    Raises:
        FileRefused, GateBroken: landing/ holds another file by now.
        IdentityBusy: another process holds the identity store.
    """
    folder = _landed(home, record)
    # an empty store would give everybody another key
    if folder is None or not home.identity_file.is_file():
        return None
    manifest, _ = read_manifest(folder, is_intraday=folder.parent.name == INTRADAY)
    alone = manifest.model_copy(update={"sources": [each for each in manifest.sources if each.file == lost.file]})
    with connect_within(home, str(scratch / "accept.duckdb")) as connection:
        acceptance = acceptance_of(
            alone, record.manifest_sha256, accept_files(connection, folder, alone, [], home, scratch)
        )
        (entry,) = acceptance.sources
        if entry.refusal:
            raise FileRefused(entry.file, "refused", entry.refusal, "put the delivery there as it came")
        find_contradictions(home, connection, acceptance)
        judge_source(connection, entry, suite_of(home, entry, record.business_date), [], [], None)
        made, _ = write_raw(_Beside(home.root), connection, acceptance, [entry], gives_keys=False)
    return home.root / made[entry.relation].file


def _landed(home: Home, record: DeliveryRecord) -> Path | None:
    day = home.landing / str(record.business_date)
    for folder in (day, *sorted((day / INTRADAY).glob("*"))):
        manifest = folder / MANIFEST_FILE
        if manifest.is_file() and sha256_of(manifest) == record.manifest_sha256:
            return folder
    return None
