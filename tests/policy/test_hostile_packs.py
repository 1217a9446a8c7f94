"""Packs and routing that somebody broke or means ill with: one line that names the file, never a traceback, nothing elsewhere."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from creditline.errors import UsageError
from creditline.home.yaml_file import read_yaml
from creditline.policy import (
    PackRefused,
    archive,
    check_all,
    check_pack,
    diff_packs,
    find_pack,
    load_pack,
    packs_in_force,
)
from creditline.policy.schema import PACK_FILES, PackSettings
from creditline.project import POLICIES_DIR

NIGHT = date(2026, 9, 1)
FILES = ("policy.yml", *(f"{name}.csv" for name in PACK_FILES))


@pytest.fixture
def policies(tmp_path):
    return shutil.copytree(POLICIES_DIR, tmp_path / "policies")


def laid_as_folder(path):
    path.unlink()
    path.mkdir()


# What may become of a file: its bytes, or something else in its place.
SPOILT = {
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "utf-16": lambda path: path.write_bytes(path.read_text().encode("utf-16")),
    "latin-1": lambda path: path.write_bytes(path.read_bytes() + b"\xe9\xe8\n"),
    "a folder": laid_as_folder,
    "gone": lambda path: path.unlink(),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 - 3] + b'"'),
    "one cell of a megabyte": lambda path: path.write_bytes(path.read_bytes() + b"x" * (1 << 20) + b"\n"),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
}


@pytest.mark.parametrize("file", [*FILES, "../assignment.csv"])
@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_file_is_refused_in_one_line(policies, file, how):
    SPOILT[how](policies / "default" / file)
    problems = [*check_pack(policies / "default"), *check_all(policies)["assignment.csv"]]
    assert problems
    with pytest.raises(PackRefused) as refused:
        packs_in_force(policies, NIGHT)
    assert "\n" not in str(refused.value)
    assert file.removeprefix("../") in str(refused.value)


@pytest.mark.parametrize("name", PACK_FILES)
def test_a_file_with_its_header_alone_is_no_accident(policies, name):
    path = policies / "default" / f"{name}.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    check_pack(policies / "default")
    diff_packs(load_pack(POLICIES_DIR / "default"), load_pack(policies / "default"))


@pytest.mark.parametrize(
    "cell", ["9" * 18, "9" * 5000, "٣", "²", "-1", "1e3", "nan", "'; drop table x; --", "{batch}", "\x00"]
)
@pytest.mark.parametrize("name", PACK_FILES)
def test_any_cell_is_checked_before_it_is_read(policies, name, cell):
    path = policies / "default" / f"{name}.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, ",".join([cell] * len(PACK_FILES[name])), *rows, ""]))
    assert check_pack(policies / "default")


SETTINGS = [
    ("entity: DEMO01", "entity: ../../x", "entity"),
    ("entity: DEMO01", "entity: /tmp/x", "entity"),
    ("entity: DEMO01", 'entity: "DEMO01\\n"', "entity"),
    ("entity: DEMO01", "entity: !!python/object/apply:os.system ['true']", "line 3"),
    ("entity: DEMO01", "entity: DEMO01\nentity: DEMO02", "entity is there twice"),
    ("entity: DEMO01", "entity: &a DEMO01\ncurrency: *a", "alias"),
    ("name: default", "name: ../default", "name"),
    ("name: default", "name: berka", "assignment.csv"),
    ("jurisdiction: CN", "jurisdiction: ../CN", "jurisdiction"),
    ("currency: CNY", 'currency: "CN\'"', "currency"),
    ("currency: CNY", "currency: yuan", "currency"),
    ("floor_amount: 10", "floor_amount: 1000000000000000000000", "floor_amount"),
    ("floor_amount: 10", f"floor_amount: {'9' * 5000}", "policy.yml"),
    ("floor_amount: 10", "floor_amount: !!int ten", "policy.yml"),
    ("floor_amount: 10", "floor_amount: !!bool ten", "policy.yml"),
    ("floor_amount: 10", "floor_amount: !!timestamp ten", "policy.yml"),
    ("floor_amount: 10", "floor_amount: .inf", "floor_amount"),
    ("lgd_bp: 6000", "lgd_bp: 6000\nvalidation: {validator: a, evidence: b, next_due_date: 2027-02-30}", "policy.yml"),
    ("lgd_bp: 6000", "lgd_bp: {}", "lgd_bp"),
]


@pytest.mark.parametrize(("old", "new", "named"), SETTINGS, ids=[new[:40] for _, new, _ in SETTINGS])
def test_a_setting_that_is_none_is_refused_with_its_name_or_line(policies, old, new, named):
    path = policies / "default" / "policy.yml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PackRefused) as refused:
        packs_in_force(policies, NIGHT)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_aliases_do_not_grow_beyond_memory(tmp_path):
    path = tmp_path / "policy.yml"
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    path.write_text("\n".join(["a0: &a0 lol", *levels, ""]))
    with pytest.raises(PackRefused, match="line 2 is not YAML: an alias"):
        read_yaml(path, PackSettings, PackRefused)


ROUTES = [
    ("BANK01,*,../../x,champion,,2015-01-01,", "pack must be the name of a folder"),
    ("BANK01,*,/etc,champion,,2015-01-01,", "pack must be the name of a folder"),
    ("BANK01,*,,champion,,2015-01-01,", "pack is empty, a value is needed"),
    ("BANK' or true --,*,default,champion,,2015-01-01,", "legal_entity_code must be"),
    ("BANK01,{batch},default,champion,,2015-01-01,", "product_code must be"),
    ("BANK01,*,default,champion,,since ever,", "effective_from must be a date"),
    ("BANK01,*,default,champion,,2015-01-01,later", "effective_to must be a date"),
    ("BANK01,*,berka,challenger,²,2015-01-01,", "share_bp must be a whole number"),
    (f"BANK01,*,berka,challenger,{'9' * 5000},2015-01-01,", "share_bp must be a whole number"),
    ("BANK01,*,nowhere,champion,,2015-01-01,", "policy.yml is missing"),
]


@pytest.mark.parametrize(("row", "problem"), ROUTES, ids=[row[:40] for row, _ in ROUTES])
def test_a_route_that_leads_elsewhere_is_refused(policies, row, problem):
    path = policies / "assignment.csv"
    path.write_text(path.read_text().replace("BANK01,*,default,champion,,2015-01-01,", row))
    with pytest.raises(PackRefused, match=problem):
        packs_in_force(policies, NIGHT)


@pytest.mark.parametrize("name", ["/nowhere", "..", "../x", "a**b", "[", "", "*", "\x00", "0" * 64])
def test_a_pack_that_cannot_be_named_so_is_none(tmp_path, name):
    (tmp_path / "0a1b").mkdir()
    (tmp_path / "0a1b" / "policy.yml").touch()
    with pytest.raises(UsageError, match="no such pack"):
        find_pack(name, POLICIES_DIR, tmp_path)
    assert find_pack("0a", POLICIES_DIR, tmp_path) == tmp_path / "0a1b"


def test_an_archive_keeps_what_the_pack_is_and_nothing_else(policies, tmp_path):
    from small_delivery import small_home

    home = small_home(tmp_path / "home")
    (policies / "default" / "notes.d").mkdir()
    (policies / "default" / "secret.pem").symlink_to("/etc/hostname")
    kept = archive(home, packs_in_force(policies, NIGHT))
    for pack in kept.packs:
        assert sorted(path.name for path in pack.directory.iterdir()) == sorted(FILES)
