"""A sample of `scripts/evaluate erasures`: who is erased stands in no file any more, and every night still replays."""

from __future__ import annotations

from erasures import contents, erase_people


def test_no_id_of_the_erased_is_left_in_any_file_and_every_night_replays(tmp_path):
    found = erase_people(tmp_path, customers=12)
    assert found.traces == ()
    assert (found.differences, found.changed_files) == (0, 0)
    assert (found.refused_before, found.nights) == (3, 5)
    assert found.decisions > 100
    assert found.files_before > 3
    # customers merged and renumbered, accounts renumbered
    assert {len(ids) for ids in found.people.customers} == {1, 2}
    assert {one[0] for one in found.people.ids} == {"A", "B", "C", "D"}


def test_packed_files_are_looked_into(tmp_path):
    import gzip

    file = tmp_path / "packed.csv.gz"
    file.write_bytes(gzip.compress(b"A00001"))
    assert any(b"A00001" in content for content in contents(file))
