"""Open an archive that was handed in, within limits, into a folder of ours; or say why not.

Taken over are files: their bytes, their names, their times. What an archive says of its own
sizes is not trusted: bytes are counted as they are written, and headers as they are read.
"""

import bz2
import gzip
import lzma
import os
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from autograder.intake.gate import Refused, opened

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
OPENED = (".zip", *TARS)
ARCHIVES = (*OPENED, ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")

MAX_FOLDERS = 20
MAX_PATH = 400
MAX_NAME = 255  # bytes; Linux allows a part of a path no more

#: Bytes that one header of a tar may have, or a zip around its table of contents.
HEADER = 200_000
#: Bytes of a zip's table of contents for each entry that it may have.
LISTED = 400
CHUNK = 1_000_000

#: The earliest time that is believed: many programs write 1970 or 1980 for "unknown".
EARLIEST = 946_684_800.0  # 2000-01-01, UTC

_PACKED = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
_DRIVE = re.compile(r"[A-Za-z]:")

Item = TypeVar("Item")


@dataclass
class Room:
    """How much may come out: entries, bytes of each file, bytes in all; and what has."""

    entries: int
    each: int
    in_all: int
    entries_out: int = 0
    bytes_out: int = 0


def for_a_learner() -> Room:
    """For all archives of one learner together."""
    return Room(entries=2_000, each=100_000_000, in_all=200_000_000)


def for_a_class() -> Room:
    """For one archive that holds the work of a class."""
    return Room(entries=100_000, each=500_000_000, in_all=10_000_000_000)


@dataclass(frozen=True)
class _Entry:
    """What an archive tells of one file or folder. `at` is in seconds since 1970."""

    name: str
    is_folder: bool
    size: int
    at: float | None
    chunks: Iterator[bytes]


def is_archive(name: str) -> bool:
    """Does a file go by the name of an archive, of a kind that is opened here or of another?"""
    return name.lower().endswith(ARCHIVES)


def without_ending(name: str) -> str:
    """The name of an archive without the ending that says its kind."""
    longest = max((one for one in ARCHIVES if name.lower().endswith(one)), key=len, default="")
    return name.removesuffix(name[len(name) - len(longest) :])


def unpack(archive: Path, into: Path, room: Room) -> None:
    """Write the files of an archive into a new folder.

    Each gets the time that the archive gives it, where that lies between 2000 and the time of
    the archive itself; else that one. Raises Refused, and then leaves behind what had been
    written so far."""
    with opened(archive) as file:
        ending = archive.name[len(without_ending(archive.name)) :].lower()
        if ending not in OPENED:
            raise Refused(f"{archive.name} is an archive of a kind that is not opened ({ending}).")
        made_at = os.fstat(file.fileno()).st_mtime
        read = _zip if ending == ".zip" else _tar
        into.mkdir(parents=True)
        for entry in _readable(read(file, archive.name, room), archive.name):
            room.entries_out += 1
            if room.entries_out > room.entries:
                raise Refused(f"{archive.name} holds more than {room.entries} files.")
            place = into.joinpath(*_parts(entry.name, archive.name))
            try:
                (place if entry.is_folder else place.parent).mkdir(parents=True, exist_ok=True)
                if not entry.is_folder:
                    with place.open("xb") as out:
                        _write(entry, out, archive.name, room)
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                raise Refused(f"{archive.name} holds {entry.name!r} more than once.") from None
            believed = entry.at is not None and EARLIEST <= entry.at <= made_at
            at = entry.at if believed else made_at
            os.utime(place, (at, at))
    for folder, _, _ in os.walk(into, topdown=False):
        within = [one.stat().st_mtime for one in Path(folder).iterdir()]
        os.utime(folder, (max(within, default=made_at),) * 2)


def _write(entry: _Entry, out: BinaryIO, archive: str, room: Room) -> None:
    left = min(room.each, room.in_all - room.bytes_out)
    too_much = Refused(
        f"{archive} holds more than is read: at most {room.each / 1e6:.0f} MB a file and "
        f"{room.in_all / 1e6:.0f} MB in all."
    )
    if entry.size > left:
        raise too_much
    for chunk in _readable(entry.chunks, archive):
        left -= len(chunk)
        room.bytes_out += len(chunk)
        if left < 0:
            raise too_much
        out.write(chunk)


def _readable(items: Iterable[Item], archive: str) -> Iterator[Item]:
    """Pass on what is read. Whatever a library stumbles over is the archive's fault."""
    items = iter(items)
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except Refused:
            raise
        except Exception:  # they promise no particular one
            raise Refused(f"{archive} is damaged, cut off, or not what its name says.") from None
        yield item


def _parts(name: str, archive: str) -> list[str]:
    """A path inside the archive, part by part. Raises Refused if it could lead elsewhere."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    amiss = None
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        amiss = "a name that is not text"
    elif "\\" in name:
        amiss = "a path with backslashes"
    elif name.startswith("/") or ".." in parts or _DRIVE.match(name):
        amiss = "a path that leads out of it"
    elif len(name) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        amiss = "a path that is too long"
    elif len(parts) > MAX_FOLDERS:
        amiss = "folders nested too deeply"
    if amiss:
        raise Refused(f"{archive} holds {amiss}: {name[:80]!r}.")
    return parts


class _Metered:
    """A file that gives out only so many bytes: a header may claim any length."""

    def __init__(self, file: BinaryIO, left: int, too_much: Exception):
        self._file, self.left, self._too_much = file, left, too_much

    def read(self, count: int = -1) -> bytes:
        most = self.left + 1
        data = self._file.read(most if count < 0 else min(count, most))
        self.left -= len(data)
        if self.left < 0:
            raise self._too_much
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _chunks(open_: Callable[[], BinaryIO], meter: _Metered, size: int) -> Iterator[bytes]:
    meter.left = size + HEADER
    with open_() as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _not_a_file(archive: str, name: str) -> Refused:
    return Refused(f"{archive} holds a link or something else that is no file: {name[:80]!r}.")


def _zip(file: BinaryIO, name: str, room: Room) -> Iterator[_Entry]:
    too_many = Refused(f"{name} holds more than {room.entries} files.")
    meter = _Metered(file, HEADER + LISTED * room.entries, too_many)
    with zipfile.ZipFile(meter) as archive:
        for info in archive.infolist():
            if info.flag_bits & 0x1:
                raise Refused(f"{name} is locked with a password.")
            # Others may make gigabytes of one chunk before anybody can count them.
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused(f"{name} is packed in a way that is not opened here.")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
                raise _not_a_file(name, info.filename)
            chunks = _chunks(lambda info=info: archive.open(info), meter, info.compress_size)
            yield _Entry(_zip_name(info), info.is_dir(), info.file_size, _zip_time(info), chunks)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry; macOS writes UTF-8 without saying so."""
    if not info.flag_bits & 0x800:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.orig_filename


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    """Unix time if the entry has one, else its clock time in the zone of this machine."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return float(struct.unpack_from("<i", extra, 5)[0])
        extra = extra[4 + size :]
    try:
        return datetime(*info.date_time).timestamp()
    except (OverflowError, ValueError):
        return None


class _Header(tarfile.TarInfo):
    """tarfile takes a damaged header, or none at all, for the end; only zeros are the end."""

    @classmethod
    def frombuf(cls, buf: bytes, encoding: str, errors: str) -> tarfile.TarInfo:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise EOFError(str(error)) from None


def _tar(file: BinaryIO, name: str, room: Room) -> Iterator[_Entry]:
    packed = _PACKED.get(file.read(2))
    file.seek(0)
    meter = _Metered(packed(file) if packed else file, HEADER, EOFError("a header without end"))
    with tarfile.open(fileobj=meter, mode="r|", tarinfo=_Header, encoding="utf-8") as archive:
        while (member := archive.next()) is not None:
            plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
            if not (plain or member.isdir()):
                raise _not_a_file(name, member.name)
            open_ = lambda member=member: archive.extractfile(member)  # noqa: E731
            chunks = _chunks(open_, meter, member.size)
            yield _Entry(member.name, member.isdir(), member.size, member.mtime, chunks)
            meter.left = HEADER
        while meter.read(CHUNK):  # to the very end, where a checksum may stand
            pass
