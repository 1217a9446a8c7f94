"""`creditline.yml` as people break it: one line says which setting, and what it should be."""

from __future__ import annotations

import pytest

from creditline.errors import UsageError
from creditline.home import open_home

GOOD = b"name: small\nis_demo: true\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"- name: small\n", "is a list, no settings"),
        (b"name", "is a str, no settings"),
        (b"name: [small\n", "line 2 is not YAML: expected ',' or ']'"),
        (b"name: small\n\tis_demo: true\n", "line 2 is not YAML: found character"),
        (b"name: !!python/object/apply:os.system [id]\n", "line 1 is not YAML: could not determine a constructor"),
        (b"name: \xff\xfe\n", "is not UTF-8 text"),
        (b"name: small\x00\n", "is not UTF-8 text"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"is_demo: true\n", "name is missing"),
        (GOOD + b"cut_of: '02:00'\n", "cut_of is not a setting; did you mean cut_off?"),
        (GOOD + b"keys: {signing_kye: a.pem}\n", "keys.signing_kye is not a setting; did you mean signing_key?"),
        (GOOD + b"zzz: 1\n", "zzz is not a setting; did you mean name, time_zone, cut_off"),
        (GOOD + b"zzz: 1\nthreads: many\n", "(1 more)"),
        (GOOD + b"threads: many\n", "threads: Input should be a valid integer"),
        (GOOD + b"threads: 0\n", "threads: Input should be greater than or equal to 1"),
        (GOOD + b"expected_sources: account_snapshot\n", "expected_sources: Input should be a valid"),
        (GOOD + b"memory_limit: 4 apples\n", "memory_limit: String should match"),
        (GOOD + b"time_zone: Asia/Atlantis\n", "is not a time zone; write one like Europe/Prague"),
        (GOOD + b"time_zone: Asia\n", "is not a time zone; write one like Europe/Prague"),
        (GOOD + b"time_zone: ../../etc/passwd\n", "time_zone: Value error"),
        (GOOD + b"keys: nowhere\n", "keys: Input should be a valid dictionary"),
        (GOOD + b"1: 2\n", "1: Keys should be strings"),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_broken_settings_are_one_line(tmp_path, content, said):
    (tmp_path / "creditline.yml").write_bytes(content)
    with pytest.raises(UsageError) as refused:
        open_home(tmp_path)
    line = str(refused.value)
    assert said in line
    assert str(tmp_path / "creditline.yml") in line
    assert "\n" not in line


def test_a_file_with_a_mark_of_its_encoding_is_read(tmp_path):
    (tmp_path / "creditline.yml").write_bytes(b"\xef\xbb\xbf" + GOOD)
    assert open_home(tmp_path).settings.name == "small"
