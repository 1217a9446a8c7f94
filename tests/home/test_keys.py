"""Keys: private from their first byte, never made anew, and refused in one line where they cannot be believed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from creditline.gate.identity import account_key_of
from creditline.home import HomeSettings, create_home, open_home
from creditline.home.files import write_new_file
from creditline.home.key_files import KeyRefused
from creditline.home.keys import make_keys, require_keys, sign, signing_key
from creditline.home.publications import place_publication
from creditline.home.turns import only_worker
from creditline.release import set_mode
from creditline.subject import erase_subject

SECRET, SIGNING = "keys/pseudonym.secret", "keys/signing.pem"


@pytest.fixture
def home(tmp_path):
    """A new home that is no demo."""
    return create_home(tmp_path / "home", HomeSettings(name="own"))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_home_has_both_keys_which_only_its_user_reads(home):
    assert [mode_of(home.root / name) for name in ("keys", SECRET, SIGNING)] == [0o700, 0o600, 0o600]
    assert len(home.pseudonym_secret()) == 32
    assert sign(home, b"x")["algorithm"] == "Ed25519"
    assert sorted(path.name for path in (home.root / "keys").iterdir()) == ["pseudonym.secret", "signing.pem"]


def test_a_key_is_private_at_every_instant(home, tmp_path, monkeypatch):
    """Whatever the umask, no file of the folder is ever open to others: not its parts, and not before a chmod."""
    seen = []
    link = os.link

    def looked_at(*arguments):
        seen.extend(mode_of(path) for path in tmp_path.iterdir() if path.is_file())
        return link(*arguments)

    monkeypatch.setattr(os, "link", looked_at)
    before = os.umask(0)
    try:
        assert write_new_file(tmp_path / "secret", b"x")
    finally:
        os.umask(before)
    assert seen == [0o600]
    assert mode_of(tmp_path / "secret") == 0o600


def test_a_key_that_is_there_is_never_replaced(home):
    before = (home.root / SIGNING).read_bytes()
    assert not write_new_file(home.root / SIGNING, b"another")
    create_home(home.root, HomeSettings(name="own"))
    assert (home.root / SIGNING).read_bytes() == before


@pytest.mark.parametrize("name", [SECRET, SIGNING])
@pytest.mark.parametrize("used", ["raw/session", "published/2026-09-01", "control/modes.jsonl", "releases/settlement"])
def test_a_lost_key_of_a_home_that_used_it_is_an_error(home, name, used):
    (home.root / name).unlink()
    (home.root / used).mkdir(parents=True)
    with pytest.raises(KeyRefused, match=f"{name} is not there.*restore it from a backup"):
        require_keys(home)
    with pytest.raises(KeyRefused, match=f"{name} is lost.*restore it from a backup"):
        create_home(home.root, HomeSettings(name="own"))
    assert not (home.root / name).exists()


@pytest.mark.parametrize("name", [SECRET, SIGNING])
def test_a_new_home_whose_making_was_interrupted_gets_its_keys(home, name):
    (home.root / name).unlink()
    (home.root / "keys" / f".{Path(name).name}.x1.partial").write_bytes(b"half")
    assert make_keys(home) == [home.root / name]
    require_keys(home)
    assert sorted(path.name for path in (home.root / "keys").iterdir()) == ["pseudonym.secret", "signing.pem"]


BROKEN = {
    "empty": (b"", "is not a key file: it is empty"),
    "half": (None, "is no"),
    "no key": (b"zz" * 32, "is no"),
    "too long": (b"a" * 20_000, "is not a key file: it is too long"),
}


@pytest.mark.parametrize("name", [SECRET, SIGNING])
@pytest.mark.parametrize(("content", "why"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_key_is_refused_in_one_line(home, name, content, why):
    path = home.root / name
    path.write_bytes(path.read_bytes()[:20] if content is None else content)
    with pytest.raises(KeyRefused, match=f"{name} {why}") as refused:
        require_keys(home)
    assert "\n" not in str(refused.value)
    assert "backup" in str(refused.value)


@pytest.mark.parametrize("length", [62, 66, 128])
def test_a_secret_of_another_length_is_refused(home, length):
    (home.root / SECRET).write_text("a" * length)
    with pytest.raises(KeyRefused, match="not a secret of 32 bytes in hex"):
        require_keys(home)


def test_a_key_with_a_password_is_refused(home):
    from cryptography.hazmat.primitives import serialization as as_

    locked = signing_key(home).private_bytes(
        as_.Encoding.PEM, as_.PrivateFormat.PKCS8, as_.BestAvailableEncryption(b"word")
    )
    (home.root / SIGNING).write_bytes(locked)
    with pytest.raises(KeyRefused, match="without a password"):
        require_keys(home)


@pytest.mark.parametrize("name", [SECRET, SIGNING])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_key_that_others_reach_is_refused_with_what_to_type(home, name, mode):
    path = home.root / name
    path.chmod(mode)
    with pytest.raises(KeyRefused, match=f"type: chmod 600 '{path}'"):
        require_keys(home)


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o755])
def test_a_folder_of_keys_that_others_enter_is_refused_with_what_to_type(home, mode):
    (home.root / "keys").chmod(mode)
    with pytest.raises(KeyRefused, match=f"type: chmod 700 '{home.root}/keys'"):
        require_keys(home)


@pytest.mark.parametrize("name", [SECRET, SIGNING])
def test_a_link_and_a_pipe_are_no_keys(home, name):
    path = home.root / name
    path.rename(home.root / "keys" / "elsewhere")
    path.symlink_to("elsewhere")
    with pytest.raises(KeyRefused, match=f"{name} is a link"):
        require_keys(home)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyRefused, match=f"{name} is not a file"):
        require_keys(home)


@pytest.mark.parametrize("place", ["keys", SECRET, SIGNING])
def test_a_key_of_another_user_is_refused(home, place, monkeypatch):
    """Only root may give files away: the user who looks is another one here."""
    facts, owner = os.fstat, os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if place == "keys":
        monkeypatch.setattr(os, "fstat", lambda number: _owned_by(facts(number), owner + 1))
    with pytest.raises(KeyRefused, match=f"belongs to user {owner}, and this runs as {owner + 1}"):
        home.pseudonym_secret() if place == SECRET else signing_key(home)


def _owned_by(facts, owner):
    values = list(facts)
    values[4] = owner
    return os.stat_result(values)


@pytest.mark.parametrize("name", [SECRET, SIGNING])
def test_a_step_of_a_night_asks_for_the_keys_before_it_touches_anything(home, name):
    (home.root / name).unlink()
    before = sorted(home.root.rglob("*"))
    with pytest.raises(KeyRefused, match=name), only_worker(home, "acceptance"):
        pytest.fail("the step was begun")
    assert sorted(home.root.rglob("*")) == before


def test_a_home_written_by_hand_says_so_in_one_line(tmp_path):
    (tmp_path / "creditline.yml").write_text("name: byhand\n")
    (tmp_path / "landing" / "2026-09-01").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", "from creditline.cli import main; main()", "--home", tmp_path, "night", "--all"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (1, 2, "")
    assert f"{tmp_path}/{SECRET} is not there" in done.stderr
    assert "creditline init" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["creditline.yml", "landing"]


@pytest.mark.parametrize(
    "asks",
    [
        lambda home: set_mode(home, "*", "paused", by="ann"),
        lambda home: erase_subject(home, "C1", reason="x", by="ann", approved_by="bob"),
        lambda home: account_key_of(home, "A1"),
    ],
    ids=["mode", "erasure", "explanation"],
)
def test_who_lacks_the_keys_leaves_nothing_behind_that_looks_like_history(tmp_path, asks):
    """Or `init` would take the keys for lost ones of a home that used them."""
    (tmp_path / "creditline.yml").write_text("name: byhand\n")
    home = open_home(tmp_path)
    with pytest.raises(KeyRefused, match="is not there"):
        asks(home)
    assert [path.name for path in tmp_path.iterdir()] == ["creditline.yml"]
    assert create_home(tmp_path, HomeSettings(name="byhand")) == home


# ---- who may enter what


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_nobody_else_enters_a_home_but_for_what_is_published(tmp_path, umask):
    before = os.umask(umask)
    try:
        home = create_home(tmp_path / "new", HomeSettings(name="own"))
    finally:
        os.umask(before)
    open_to_all = {path.name for path in home.root.iterdir() if mode_of(path) & 0o007}
    assert open_to_all == {"creditline.yml", "published"}
    assert {mode_of(path) for path in (home.root, home.published)} == {0o755}
    assert {mode_of(path) for path in home.private_folders} == {0o700}


def test_an_older_home_is_closed_to_others_as_it_is_opened_and_keeps_its_group(home):
    home.landing.chmod(0o777)
    home.outbox.chmod(0o750)
    open_home(home.root)
    assert (mode_of(home.landing), mode_of(home.outbox)) == (0o770, 0o750)


def test_a_publication_is_read_by_everybody(home):
    staged = home.warehouse / "publication"
    (staged / "marts").mkdir(parents=True, mode=0o700)
    (staged / "marts" / "dim_account.parquet").touch(mode=0o600)
    target = home.published / "2026-09-01" / "r00"
    before = os.umask(0o077)
    try:
        place_publication(staged, target)
    finally:
        os.umask(before)
    made = [target.parent, target, target / "marts", target / "marts" / "dim_account.parquet"]
    assert [mode_of(path) for path in made] == [0o755, 0o755, 0o755, 0o644]
