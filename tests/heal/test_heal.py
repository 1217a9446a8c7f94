"""A home that lost something: what published nights prove is put back to the byte, and all else is named."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from creditline.heal import heal
from creditline.home import Home
from creditline.home.files import canonical_json
from creditline.landing.accept import DeliveryRefused, accept
from creditline.simulate import continue_book
from creditline.store.record import delivery_records

# Locks and scratch are nobody's facts.
NOT_COMPARED = ("warehouse", "landing")


def tree(home: Home) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(home.root)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(home.root.rglob("*"))
        if (path.is_file() or path.is_symlink())
        and path.relative_to(home.root).parts[0] not in NOT_COMPARED
        and not path.name.endswith(".lock")
        # it says of which inode the store is: whoever opens a copied one writes it anew
        and path.name != "seal.json"
    }


def silent(_message: str) -> None:
    pass


def test_a_whole_home_is_left_as_it_is(home):
    before = tree(home)
    healed = heal(home, silent)
    assert (healed.put_back, healed.lost) == ((), ())
    assert healed.checked > 100
    assert tree(home) == before


def test_what_a_loss_of_power_took_is_put_back_to_the_byte(home):
    night = home.published_dates()[1]
    before = tree(home)
    lost = (
        *(home.raw / "_deliveries", home.raw / "account_snapshot" / f"business_date={night}", home.raw / "session"),
        *(home.state / f"business_date={night}", home.policy, home.current),
    )
    for path in lost:
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    healed = heal(home, silent)
    assert healed.lost == ()
    assert tree(home) == before
    for path in lost:
        assert any(name.startswith(str(path.relative_to(home.root))) for name in healed.put_back), path
    assert heal(home, silent).put_back == ()


def test_a_file_that_was_changed_is_made_again(home):
    file = next((home.raw / "account_snapshot").rglob("*.parquet"))
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    assert heal(home, silent).put_back == (str(file.relative_to(home.root)),)
    assert file.read_bytes() == content


def test_a_published_night_without_its_record_is_no_dead_end(home):
    shutil.rmtree(home.raw / "_deliveries" / f"business_date={home.published_dates()[-1]}")
    (tonight,) = continue_book(home, nights=1).dates
    with pytest.raises(DeliveryRefused, match=r"sequence_gap.*creditline heal"):
        accept(home, tonight)
    heal(home, silent)
    assert len(delivery_records(home)) == 3
    assert accept(home, tonight).sequence == 4


def test_what_cannot_be_made_again_is_named_and_nothing_is_written(home):
    night = home.published_dates()[-1]
    mart = home.published / str(night) / "r00" / "marts" / "fct_case.parquet"
    raw = next((home.raw / "account_snapshot" / f"business_date={night}").glob("*.parquet"))
    session = next((home.raw / "session" / f"business_date={night}").glob("*.parquet"))
    for path in (mart, raw, session):
        path.unlink()
    change_a_limit(home.landing / str(night) / "account_snapshot.csv")
    healed = heal(home, silent)
    assert [lost.file for lost in healed.lost] == [str(path.relative_to(home.root)) for path in (mart, raw)]
    assert all("restore it from a backup" in lost.why for lost in healed.lost)
    assert healed.put_back == (str(session.relative_to(home.root)),)
    assert not raw.exists()


def test_a_manifest_that_somebody_wrote_proves_nothing(home):
    night = home.published_dates()[1]
    file = home.published / str(night) / "r00" / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["deliveries"][0]["sequence"] = 77
    file.write_bytes(canonical_json(manifest))
    before = tree(home)
    healed = heal(home, silent)
    assert [lost.file for lost in healed.lost] == [f"published/{night}/r00"]
    assert "its manifest cannot be believed" in healed.lost[0].why
    assert healed.put_back == ()
    assert tree(home) == before


def change_a_limit(file: Path) -> None:
    """Somebody changed what lies in landing/ since; the manifest of the delivery is as it was."""
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0]["limit_amount"] = "99999.00"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
