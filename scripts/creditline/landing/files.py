"""Looking at a delivered file before anybody believes a row of it."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.landing.contract import FILE_NAME, DeliveredSource, Source

_CHUNK = 1 << 20
MAX_BYTES = 64 << 30
MAX_RATIO = 100
_FOREIGN = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip or xlsx archive",
    b"\x1f\x8b": "gzip",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_BOM = b"\xef\xbb\xbf"


class FileRefused(CreditlineError):
    """A whole file cannot be believed. `rule` names why; the message says what to do next."""

    def __init__(self, file: str, rule: str, what: str, next_step: str = "deliver it again") -> None:
        super().__init__(f"{file}: {rule}: {what}; {next_step}")
        self.file, self.rule = file, rule


@dataclass(frozen=True)
class PlainFile:
    """A checked file as plain bytes: the delivered one, or its unpacked copy in the scratch folder."""

    path: Path
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def check_file(directory: Path, entry: DeliveredSource, source: Source, scratch: Path) -> PlainFile:
    """Name, kind, bytes and header of one delivered file.

    Raises:
        FileRefused: the first thing that does not hold.
    """
    if not FILE_NAME.match(entry.file):
        raise FileRefused(
            entry.file, "file_name", "only lower-case letters, digits and _ with .csv, .csv.gz or .parquet"
        )
    path = directory / entry.file
    _check_bytes(path, entry)
    if entry.format == "parquet":
        return PlainFile(path, (), ())
    plain = _unpack(path, entry, scratch) if entry.format == "csv.gz" else path
    return _check_text(plain, entry, source)


def _check_bytes(path: Path, entry: DeliveredSource) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise FileRefused(entry.file, "file_missing", f"cannot be opened ({error.strerror})") from error
    with os.fdopen(descriptor, "rb") as stream:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            raise FileRefused(entry.file, "file_kind", "is no regular file with one name")
        if facts.st_size == 0:
            raise FileRefused(entry.file, "empty_file", "holds no bytes, not even a header")
        if facts.st_size > MAX_BYTES:
            raise FileRefused(entry.file, "file_size", f"is larger than {MAX_BYTES} bytes", "split the delivery")
        digest = hashlib.sha256()
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != entry.sha256:
        raise FileRefused(
            entry.file, "sha256", f"the manifest says {entry.sha256[:12]}…, the file is {digest.hexdigest()[:12]}…"
        )


def _unpack(path: Path, entry: DeliveredSource, scratch: Path) -> Path:
    target = scratch / f"{entry.source}.csv"
    unpacker = zlib.decompressobj(wbits=31)
    written, packed = 0, path.stat().st_size
    try:
        with path.open("rb") as stream, target.open("wb") as plain:
            while chunk := stream.read(_CHUNK):
                if unpacker.eof:
                    raise FileRefused(entry.file, "gzip_members", "holds more than one gzip member or a tail")
                written += plain.write(unpacker.decompress(chunk))
                if written > MAX_BYTES or written > MAX_RATIO * packed + _CHUNK:
                    raise FileRefused(entry.file, "gzip_ratio", f"unpacks to more than {MAX_RATIO} times its size")
    except zlib.error as error:
        raise FileRefused(entry.file, "gzip", f"does not unpack ({error})") from error
    if not unpacker.eof or unpacker.unused_data:
        raise FileRefused(entry.file, "gzip_members", "is cut short, or holds more than one gzip member or a tail")
    return target


def _check_text(path: Path, entry: DeliveredSource, source: Source) -> PlainFile:
    with path.open("rb") as stream:
        first = stream.readline(1 << 16)
        for magic, kind in _FOREIGN.items():
            if first.startswith(magic):
                raise FileRefused(entry.file, "file_format", f"is {kind}, not UTF-8 CSV")
        notes = ("a byte order mark was stripped",) if first.startswith(_BOM) else ()
        header = first.removeprefix(_BOM)
        if header.count(b"\r") and not header.endswith(b"\r\n"):
            raise FileRefused(entry.file, "line_ends", "lines end in CR; LF or CRLF is expected")
        columns = _check_header(header.decode("utf-8", "replace").rstrip("\r\n"), entry, source)
        _check_lines(stream, entry, ends_crlf=header.endswith(b"\r\n"))
    return PlainFile(path, columns, notes)


def _check_header(header: str, entry: DeliveredSource, source: Source) -> tuple[str, ...]:
    delivered = header.split(",")
    mandatory = list(source.mandatory_columns)
    optional = [column.name for column in source.columns if column.optional and column.name in delivered]
    if delivered != [*mandatory, *optional]:
        expected = ",".join([*mandatory, *optional])
        differs = next(
            (
                f"column {n} is '{a}', '{b}' is expected"
                for n, (a, b) in enumerate(zip(delivered, [*mandatory, *optional], strict=False), start=1)
                if a != b
            ),
            f"{len(delivered)} columns, {len(mandatory)} mandatory ones are expected: {expected}",
        )
        raise FileRefused(entry.file, "header", differs, "send the header of the contract (docs/landing.md)")
    return tuple(delivered)


def _check_lines(stream: object, entry: DeliveredSource, *, ends_crlf: bool) -> None:
    """One pass over the bytes after the header: one kind of line end, and a last one."""
    crlf = lone_cr = lf = 0
    last = b"\n"
    while chunk := stream.read(_CHUNK):
        if chunk.endswith(b"\r"):
            chunk += stream.read(1)
        pairs = chunk.count(b"\r\n")
        crlf += pairs
        lone_cr += chunk.count(b"\r") - pairs
        lf += chunk.count(b"\n") - pairs
        last = chunk[-1:]
    if last != b"\n":
        raise FileRefused(entry.file, "final_newline", "the last line has no end: the file may be cut short")
    if lone_cr or (crlf and lf) or (crlf and not ends_crlf) or (lf and ends_crlf):
        raise FileRefused(entry.file, "line_ends", "line ends are mixed; LF or CRLF throughout is expected")
