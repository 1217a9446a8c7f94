"""Check a delivered file before any of its rows is used."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home.files import FileIdentity, file_identity
from creditline.landing.contract import FILE_NAME, DeliveredSource, Source

MAX_BYTES = 64 << 30
MAX_LINE = 1 << 16
_MAX_RATIO = 100
_LONGEST_TEXT = 500
_CHUNK = 1 << 20
_FOREIGN = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip or xlsx archive",
    b"\x1f\x8b": "gzip",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_BOM = b"\xef\xbb\xbf"
_OTHER_DELIMITERS = ";\t|"
_SEND = "send the header of the contract (docs/reference/landing.md)"


class FileRefused(CreditlineError):
    """A whole file is refused. `rule` names why; the message says what to do next.

    The message quotes the file in one line, shortened, because the content is not trusted.
    """

    def __init__(self, file: str, rule: str, what: str, next_step: str = "deliver it again") -> None:
        self.file, self.rule = _line(file), rule
        super().__init__(f"{self.file}: {rule}: {_line(what)}; {next_step}")


def _line(text: str) -> str:
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in shown)


@dataclass(frozen=True)
class PlainFile:
    """A checked file as plain bytes: the delivered one, or its unpacked copy in the scratch folder.

    `columns` are those of its header (empty for Parquet until its footer is read); `identity` changes whenever
    anybody writes to the delivered file.
    """

    path: Path
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    identity: FileIdentity


def open_regular(path: Path, file: str) -> BufferedReader:
    """Open a delivered file for reading. It must not be a link, pipe or device, or a second name of another file.

    Raises: FileRefused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise FileRefused(
            file, "file_missing", f"cannot be opened ({error.strerror})", "deliver a plain file of that name"
        ) from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        os.close(descriptor)
        raise FileRefused(file, "file_kind", "is not a regular file with one name", "deliver a plain file")
    return os.fdopen(descriptor, "rb")


def check_unchanged(path: Path, file: str, identity: FileIdentity) -> None:
    """Raises FileRefused unless the delivered file is still the one whose hash was compared."""
    if not path.exists() or file_identity(path) != identity:
        raise FileRefused(file, "file_changed", "was changed while it was read", "deliver it by rename, whole")


def check_file(directory: Path, entry: DeliveredSource, source: Source, scratch: Path) -> PlainFile:
    """Check name, kind, bytes, packing and, for text, header and line ends of one delivered file.

    Args:
        scratch: an existing folder that takes the unpacked copy of a packed file.

    Raises:
        FileRefused: the first check that fails.
    """
    if not FILE_NAME.fullmatch(entry.file) or not entry.file.endswith(f".{entry.format}"):
        raise FileRefused(
            entry.file[:80],
            "file_name",
            f"a {entry.format} file is named with lower-case letters, digits and _, ending in .{entry.format}",
            "rename it",
        )
    path = directory / entry.file
    identity = _check_bytes(path, entry)
    if entry.format == "parquet":
        return PlainFile(path, (), (), identity)
    plain = _unpack(path, entry, scratch / f"{entry.relation}.csv") if entry.format == "csv.gz" else path
    columns, notes = _check_text(plain, entry, source)
    return PlainFile(plain, columns, notes, identity)


def _check_bytes(path: Path, entry: DeliveredSource) -> FileIdentity:
    with open_regular(path, entry.file) as stream:
        identity = file_identity(path)
        size = os.fstat(stream.fileno()).st_size
        if size == 0:
            raise FileRefused(entry.file, "empty_file", "holds no bytes, not even a header")
        if size > MAX_BYTES:
            raise FileRefused(entry.file, "file_size", f"is larger than {MAX_BYTES} bytes", "split the delivery")
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != entry.sha256:
        raise FileRefused(entry.file, "sha256", f"the manifest says {entry.sha256[:12]}…, the file is {found[:12]}…")
    return identity


def _unpack(path: Path, entry: DeliveredSource, target: Path) -> Path:
    """Unpack one gzip member (zlib compares its checksum), never more than the caps allow."""
    cap = min(MAX_BYTES, _MAX_RATIO * path.stat().st_size + _CHUNK)
    unpacker = zlib.decompressobj(wbits=31)
    written = 0
    try:
        with path.open("rb") as packed, target.open("wb") as plain:
            while not unpacker.eof and (chunk := unpacker.unconsumed_tail or packed.read(_CHUNK)):
                written += plain.write(unpacker.decompress(chunk, _CHUNK))
                if written > cap:
                    raise FileRefused(entry.file, "gzip_ratio", f"unpacks to more than {_MAX_RATIO} times its size")
            tail = unpacker.unused_data or packed.read(1)
    except zlib.error as error:
        raise FileRefused(entry.file, "gzip", f"does not unpack ({error})", "pack it with gzip again") from error
    if not unpacker.eof:
        raise FileRefused(entry.file, "gzip", "is cut short")
    if tail:
        raise FileRefused(entry.file, "gzip", "goes on after its first member", "pack it as one gzip member")
    return target


def _check_text(path: Path, entry: DeliveredSource, source: Source) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with path.open("rb") as stream:
        first = stream.readline(MAX_LINE)
        for magic, kind in _FOREIGN.items():
            if first.startswith(magic):
                raise FileRefused(entry.file, "file_format", f"is {kind}, not UTF-8 CSV", "deliver UTF-8 CSV")
        notes = ("a byte order mark was stripped",) if first.startswith(_BOM) else ()
        header = first.removeprefix(_BOM)
        line_end = b"\r\n" if header.endswith(b"\r\n") else b"\n"
        if b"\r" in header.removesuffix(line_end):
            raise FileRefused(entry.file, "line_ends", "lines end in CR", "end every line in LF or CRLF")
        columns = _check_header(header.removesuffix(line_end).decode("utf-8", "replace"), entry, source)
        if not header.endswith(line_end):
            raise FileRefused(entry.file, "final_newline", "the header has no line end: the file may be cut short")
        _check_lines(stream, entry, line_end)
    return columns, notes


def _check_header(header: str, entry: DeliveredSource, source: Source) -> tuple[str, ...]:
    """The first line must be the contract's, byte for byte: mandatory columns, then optional ones, in its order."""
    delivered = header.split(",")
    optional = [column.name for column in source.columns if column.optional and column.name in delivered]
    expected = [*source.mandatory_columns, *optional]
    if delivered != expected:
        what, next_step = _header_differs(header, delivered, expected)
        raise FileRefused(entry.file, "header", what, next_step)
    return tuple(delivered)


def _header_differs(header: str, delivered: list[str], expected: list[str]) -> tuple[str, str]:
    """How a first line differs from the contract's, and what to do."""
    first = expected[0]
    if header.lower().startswith("sep="):
        return (
            f"the first line is '{header[:20]}', which a spreadsheet writes",
            f"export it from the source system, and {_SEND}",
        )
    if len(delivered) == 1 and any(sign in header for sign in _OTHER_DELIMITERS):
        sign = max(_OTHER_DELIMITERS, key=header.count)
        return f"its columns are parted by {sign!r}, not by commas", f"part them by commas, and {_SEND}"
    if not set(delivered) & set(expected):
        return f"the first line has no name of the contract: it begins with '{delivered[0][:80]}', not '{first}'", _SEND
    nameless = [number for number, name in enumerate(delivered, start=1) if not name.strip()]
    if nameless:
        number = nameless[0]
        wanted = f"'{expected[number - 1]}' is expected" if number <= len(expected) else "no column is expected there"
        return f"column {number} has no name, {wanted}", f"end no line in a comma, and {_SEND}"
    for number, (found, wanted) in enumerate(zip(delivered, expected, strict=False), start=1):
        if found != wanted:
            return f"column {number} is '{found[:80]}', '{wanted}' is expected", _SEND
    return f"{len(delivered)} columns, {len(expected)} are expected: {','.join(expected)}", _SEND


def _check_lines(stream: BufferedReader, entry: DeliveredSource, line_end: bytes) -> None:
    """Check the bytes after the header in one pass: one kind of line end, no empty line, and a line end at the end."""
    before = b"\n"
    ends = carriage_returns = 0
    while chunk := stream.read(_CHUNK):
        if chunk.endswith(b"\r"):
            chunk += stream.read(1)
        seen = before + chunk
        if b"\n" + line_end in seen:
            raise FileRefused(entry.file, "blank_line", "holds an empty line", "leave out empty lines")
        ends += chunk.count(b"\n")
        carriage_returns += chunk.count(b"\r")
        if chunk.count(b"\r") != chunk.count(b"\r\n"):
            raise FileRefused(entry.file, "line_ends", "holds a lone CR", "end every line in LF or CRLF")
        before = seen[-2:]
    if before[-1:] != b"\n":
        raise FileRefused(entry.file, "final_newline", "the last line has no end: the file may be cut short")
    if carriage_returns not in ((0,) if line_end == b"\n" else (ends,)):
        raise FileRefused(entry.file, "line_ends", "mixes LF and CRLF", "end every line in LF or CRLF")
