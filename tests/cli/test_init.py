"""`creditline init`: a production home, whole however often its making was interrupted, and none in the place of another."""

from __future__ import annotations

import os

import pytest

from creditline.cli.init import initialise, made_text, next_steps
from creditline.errors import UsageError
from creditline.home import HomeSettings, create_home, files, open_home
from creditline.home.key_files import KeyRefused
from creditline.home.keys import require_keys
from creditline.landing.accept import accept

NOTHING_ELSE = {"expect": [], "time_zone": None, "cut_off": None, "retention_days": None}


def init(root, **options):
    return initialise(root, **{"name": "north", **NOTHING_ELSE, **options})


def test_a_production_home_is_made_with_all_that_a_night_needs(tmp_path):
    made = init(tmp_path / "home", expect=["session", "cash_flow"], time_zone="Europe/Prague", cut_off="03:30")
    home = open_home(tmp_path / "home")
    require_keys(home)
    assert not home.settings.is_demo
    assert home.settings.expected_sources == ("account_snapshot", "session", "cash_flow")
    assert (home.settings.time_zone, str(home.settings.cut_off)) == ("Europe/Prague", "03:30:00")
    assert {path.name for path in made.made} >= {"creditline.yml", "landing", "signing.pem", "pseudonym.secret"}
    text = made_text(made)
    assert max(map(len, text.splitlines())) <= 80 + len(str(home.root))
    assert all(how in text for _, how in next_steps(home))


def test_made_again_it_is_there_already_and_no_byte_changes(tmp_path):
    init(tmp_path / "home")
    before = {path: path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()}
    again = init(tmp_path / "home")
    assert again.made == ()
    assert "already, and complete" in made_text(again)
    assert {path: path.read_bytes() for path in before} == before


class _Killed(BaseException):
    pass


def test_an_interrupted_making_is_completed_by_the_next(tmp_path, monkeypatch):
    """Whichever link or synced folder is the last one before the kill."""
    calls = {"left": 0}

    def killing(does):
        def call(*arguments, **named):
            if calls["left"] == 0:
                raise _Killed
            calls["left"] -= 1
            return does(*arguments, **named)

        return call

    survived = 0
    while True:
        root = tmp_path / f"home{survived}"
        calls["left"] = survived
        with monkeypatch.context() as patch:
            patch.setattr(files, "sync_directory", killing(files.sync_directory))
            patch.setattr(os, "link", killing(os.link))
            try:
                init(root)
                break
            except _Killed:
                survived += 1
        init(root)
        require_keys(open_home(root))
        assert sorted(path.name for path in (root / "keys").iterdir()) == ["pseudonym.secret", "signing.pem"]
        assert init(root).made == ()
    assert survived > 15


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"name": "south"}, "its name is north, not south"),
        ({"cut_off": "03:00"}, "its cut_off is 02:00:00, not 03:00:00"),
        ({"expect": ["session"]}, "its expected_sources is account_snapshot, not account_snapshot, session"),
    ],
)
def test_another_home_is_not_touched(tmp_path, options, why):
    init(tmp_path / "home")
    before = (tmp_path / "home" / "creditline.yml").read_bytes()
    with pytest.raises(UsageError, match=why):
        init(tmp_path / "home", **options)
    assert (tmp_path / "home" / "creditline.yml").read_bytes() == before


def test_a_demo_home_is_no_production_home(tmp_path):
    create_home(tmp_path / "home", HomeSettings(name="north", is_demo=True))
    with pytest.raises(UsageError, match="is a demo home"):
        init(tmp_path / "home")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"expect": ["sesion"]}, "--expect: 'sesion' is not a source .* did you mean session"),
        ({"expect": ["x"]}, "the sources are account_snapshot, "),
        ({"name": "../x"}, "--name ../x: "),
        ({"time_zone": "Mars/Olympus"}, "--time-zone Mars/Olympus: .* is not a time zone"),
        ({"cut_off": "25:00"}, "--cut-off 25:00 is not a time of the day"),
        ({"cut_off": "2"}, "--cut-off 2 is not a time of the day"),
        ({"retention_days": 0}, "--retention-days 0: "),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(tmp_path, options, why):
    with pytest.raises(UsageError, match=why) as refused:
        init(tmp_path / "home", **options)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_things_does_not_become_a_home(tmp_path):
    (tmp_path / "Documents").mkdir()
    with pytest.raises(UsageError, match="holds Documents, which is not a part of a home"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Documents"]


def test_a_home_written_by_hand_gets_its_keys(tmp_path):
    (tmp_path / "creditline.yml").write_text('name: north\ncut_off: "03:00"\n')
    (tmp_path / "landing").mkdir()
    init(tmp_path)
    require_keys(open_home(tmp_path))
    assert open_home(tmp_path).settings.cut_off.hour == 3


def test_a_home_that_lost_its_settings_or_keys_is_not_made_anew(tmp_path):
    init(tmp_path / "home")
    (tmp_path / "home" / "raw" / "session").mkdir()
    settings = (tmp_path / "home" / "creditline.yml").read_bytes()
    (tmp_path / "home" / "creditline.yml").unlink()
    with pytest.raises(UsageError, match=r"lost its creditline.yml; restore it from a backup"):
        init(tmp_path / "home")
    (tmp_path / "home" / "creditline.yml").write_bytes(settings)
    (tmp_path / "home" / "keys" / "signing.pem").unlink()
    with pytest.raises(KeyRefused, match=r"signing.pem is lost"):
        init(tmp_path / "home")


def test_a_source_that_is_expected_and_misspelt_stops_the_night(tmp_path):
    (tmp_path / "creditline.yml").write_text("name: north\nexpected_sources: [account_snapshot, sesion]\n")
    with pytest.raises(UsageError, match=r"creditline.yml: expected_sources: 'sesion' is not a source .* did you mean"):
        accept(open_home(tmp_path), None)


def test_an_unquoted_time_is_no_number_of_minutes(tmp_path):
    (tmp_path / "creditline.yml").write_text("name: north\ncut_off: 22:00\n")
    with pytest.raises(UsageError, match=r"cut_off: .*write the time in quotes"):
        open_home(tmp_path)
