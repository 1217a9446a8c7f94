"""A delivery may come again with other content until its night is published, because nobody was told anything because of it.

The earlier one is removed as a whole before the new one is written: record, raw files, quarantine, and what a build made of
it. Its keys and its changes of ids stay. The record is removed first. So after a kill the home has the earlier delivery, or
none, and the next run takes in the new one from landing/.
"""

from __future__ import annotations

import shutil
from datetime import date

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.store.built import forget_build
from creditline.store.record import DeliveryRecord, is_told, quarantine_folder, withdraw_record, withdrawn_records


class NotReplaceable(CreditlineError):
    """The night of a delivery is published, so the delivery is final."""


def make_way(home: Home, business_date: date, manifest_sha256: str, records: list[DeliveryRecord]) -> None:
    """Remove every other delivery of a night, with all that it left; safe to repeat after a kill.

    Args:
        manifest_sha256: the delivery to keep, or the new one.
        records: every night's delivery that was taken in.

    Raises:
        NotReplaceable: the night, or a later one, is published.
    """
    for record in records:
        if record.business_date == business_date and record.manifest_sha256 != manifest_sha256:
            if is_told(home, business_date):
                raise NotReplaceable(
                    f"night {business_date} is published by {record.feed} {record.sequence}, which stays;"
                    " send what changed as a correction under the next sequence"
                )
            forget_build(home, business_date)
            withdraw_record(home, record)
    for path, record in withdrawn_records(home, business_date).items():
        for source in record.sources:
            if source.raw_file:
                (home.root / source.raw_file).unlink(missing_ok=True)
        shutil.rmtree(quarantine_folder(home, business_date, record.feed, record.sequence), ignore_errors=True)
        path.unlink()
