"""An extract in another encoding, with a title or a trailer, or damaged: read as the map says, or refused by its line."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from creditline.errors import CreditlineError
from creditline.mapping import BrokenMap, UnexpectedExtract, load_map
from creditline.mapping.extract import open_extract

ROWS = "id,name,amount\n1,张三,10.50\n2,李四,20.00\n"
FOUND = [("1", "张三", "10.50"), ("2", "李四", "20.00")]
MAP = """
name: odd
description: An extract as people send them.
attribution: The test.
source: directory
tables:
  row:
    file: rows*
    columns: [id, name, amount]
    {options}
home: {{name: odd, time_zone: Asia/Shanghai, cut_off: "02:00", currency: CNY}}
dates: [2024-01-31]
"""


def read(folder: Path, content: bytes, *options: str, file: str = "rows.csv") -> list[tuple]:
    """The rows of an extract of one file."""
    (folder / "map").mkdir(exist_ok=True)
    (folder / "map" / "map.yml").write_text(MAP.format(options="\n    ".join(options)))
    (folder / "map" / "account_snapshot.sql").write_text("select 1")
    (folder / "extract").mkdir(exist_ok=True)
    (folder / "extract" / file).write_bytes(content)
    with open_extract(load_map(folder / "map"), folder / "extract", folder / "out", "UTC") as connection:
        return connection.execute("select id, name, amount from extract.row order by file_name, id").fetchall()


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (ROWS.encode(), ()),
        (b"\xef\xbb\xbf" + ROWS.encode(), ()),
        (ROWS.encode("gb18030"), ("encoding: gb18030",)),
        (ROWS.encode("utf-16"), ("encoding: utf-16",)),
        (ROWS.encode("utf-16-be"), ("encoding: utf-16-be",)),
        (b"\xef\xbb\xbf" + ROWS.replace("\n", "\r\n").encode(), ()),
        (ROWS.replace("\n", "\r").encode(), ()),
        (ROWS.replace("\n", "\r").encode("utf-16"), ("encoding: utf-16",)),
        (f"Accounts of 31 January\n\n{ROWS}".encode(), ("skip_lines: 2",)),
        (f"{ROWS}TOTAL,2\n".encode(), ("trailer: 1",)),
        (f"sep=;\r\n{ROWS.replace(',', ';')}".encode(), ("skip_lines: 1", 'delimiter: ";"')),
        (f"title\n{ROWS}end\n2".encode("gb18030"), ("encoding: gb18030", "skip_lines: 1", "trailer: 2")),
    ],
    ids=range(12),
)
def test_what_the_map_states_is_read(tmp_path, content, options):
    assert read(tmp_path, content, *options) == FOUND


def test_a_packed_file_is_read_like_a_plain_one(tmp_path):
    assert read(tmp_path, gzip.compress(ROWS.encode("gb18030")), "encoding: gb18030", file="rows.csv.gz") == FOUND


def test_files_of_one_table_may_have_other_columns_in_another_order(tmp_path):
    read(tmp_path, ROWS.encode())
    assert read(tmp_path, b'amount,more,id,name\n3.00,x,3,"a, ""b"""\n', file="rows2.csv") == [
        *FOUND,
        ("3", 'a, "b"', "3.00"),
    ]


def test_quoted_cells_keep_their_line_ends(tmp_path):
    assert read(tmp_path, b'id,name,amount\n1,"a\rb",1\n2,"c\nd",\n') == [("1", "a\rb", "1"), ("2", "c\nd", None)]


REFUSED = [
    (ROWS.encode("gb18030"), (), "line 2 is not utf-8 .*gb18030 \\('1,张三,10.50'\\).*`encoding` of table 'row' of map.yml"),
    (ROWS.encode("utf-16"), (), "line 1 is not utf-8 .*can be read as utf-16 .*`encoding`"),
    (ROWS.encode("utf-16-le"), (), r"line \d: every other byte is NUL.*write `encoding: utf-16-le` for table 'row'"),
    (ROWS.encode("utf-16-be"), (), r"line \d: every other byte is NUL.*write `encoding: utf-16-be` for table 'row'"),
    (ROWS.encode("utf-16-be")[:41], ("encoding: utf-16-be",), "line 2 is not utf-16-be .*truncated"),
    (ROWS.encode(), ("encoding: ascii",), "line 2 is not ascii .*can be read as utf-8"),
    (f"Accounts\n\n{ROWS}".encode(), (), "line 1, its header, has no column id, name, amount .*the header is line 3: write `skip_lines: 2`"),
    (f"{ROWS}TOTAL,2\n".encode(), (), "line 4, 'TOTAL,2', has 2 columns, the header has 3; if the last line .*write `trailer: 1` for table 'row'"),
    (f"title\n{ROWS}TOTAL\n30.50\n".encode(), ("skip_lines: 1",), "line 5, 'TOTAL', has 1 columns.*the last 2 lines .*`trailer: 2`"),
    (f"{ROWS}3,a,b,4\n".encode(), (), "line 4, '3,a,b,4', has 4 columns.*quote the cell that holds the delimiter"),
    (f"sep=;\n{ROWS.replace(',', ';')}".encode(), (), "line 1 is 'sep=;', which a spreadsheet writes; write `skip_lines: 1` and `delimiter: \";\"`"),
    (ROWS.replace(",", ";").encode(), (), ".*its columns are parted by ';': write `delimiter: \";\"`"),
    (ROWS.replace(",", "\t").encode(), (), '.*write `delimiter: "\\\\t"`'),
    (ROWS.replace("张", "\0").encode(), (), "line 2 holds a NUL byte: the file is damaged"),
    ((ROWS + "3,c,4\r4,d,5\n").encode(), (), "line 4 ends otherwise than the header: .*end every line alike"),
    (ROWS.replace("name", "").encode(), (), ".*has no column name .*column 2 of it has no name: give every column one"),
    (ROWS.replace("amount", "name").encode(), (), ".*has no column amount .*it says 'id,name,name'"),
    (b"id,name,amount,id\n1,a,2,3\n", (), "line 1: column id is there twice"),
    (b"", (), "it is empty; export it again"),
    (b"title\n", ("skip_lines: 3",), "it has no line after 3; correct `skip_lines`"),
    (b"PK\x03\x04....", (), "it is a zip archive or an xlsx workbook; export it from the source system as CSV"),
    (b'id,name,amount\n1,"a,2\n', (), "line 2: .*quote"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "options", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read_is_refused_by_its_line_with_the_cure(tmp_path, content, options, said):
    with pytest.raises(
        UnexpectedExtract, match=re.compile(f"rows.csv is not what map 'odd' expects: {said}")
    ) as raised:
        read(tmp_path, content, *options)
    assert "\n" not in str(raised.value)
    assert "\0" not in str(raised.value)


def test_a_byte_far_down_is_named_by_its_line(tmp_path):
    lines = "".join(f"{number},name,1.00\n" for number in range(2, 50_000))
    content = f"id,name,amount\n{lines}".encode() + "x,张,1\n".encode("gb18030")
    with pytest.raises(UnexpectedExtract, match=r"line 50000 is not utf-8 .*gb18030 \('x,张,1'\)"):
        read(tmp_path, content)


def test_a_cure_that_is_followed_reads_the_file(tmp_path):
    """Step by step, as somebody would do it who knows nothing of the file."""
    content = f"Accounts\n{ROWS.replace(',', ';')}END\n".encode("gb18030")
    options: list[str] = []
    for cure in ("encoding: gb18030", 'delimiter: ";"', "skip_lines: 1", "trailer: 1"):
        with pytest.raises(CreditlineError):
            read(tmp_path, content, *options)
        options.append(cure)
    assert read(tmp_path, content, *options) == FOUND


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("encoding: gbk2", "'gbk2' is no encoding of text; for example utf-8"),
        ("encoding: base64", "'base64' is no encoding of text"),
        ("skip_lines: -1", "greater than or equal to 0"),
    ],
)
def test_an_option_that_means_nothing_is_refused(tmp_path, option, said):
    with pytest.raises(BrokenMap, match=said):
        read(tmp_path, ROWS.encode(), option)
