"""Archives: what is taken out byte for byte, and every kind that is refused, with its reason.

Left out: which learner and module the files are for, which the tests of collecting show; and
what the libraries of Python themselves make of damaged compression.
"""

import gzip
import io
import os
import stat
import struct
import tarfile
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest

from autograder.intake.gate import Refused
from autograder.intake.unpack import EARLIEST, Room, for_a_learner, is_archive, unpack

FILES = {
    "sums.ipynb": os.urandom(3_000_000),  # more than one chunk
    "week 1/naïve – 数据.csv": b"a,b\r\n1,2\r\n",
    "week 1/empty.txt": b"",
}
NOON = 1_772_366_400  # 2026-03-01 12:00 UTC
EVEN = time.mktime((2026, 3, 1, 9, 30, 20, 0, 0, -1))


def zipped(path: Path, files: dict, method=zipfile.ZIP_DEFLATED, **about) -> Path:
    """A zip of names (or ZipInfo) and bytes; `about` is set on each entry."""
    with zipfile.ZipFile(path, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two entries of one name are what some tests want
        for name, data in files.items():
            info = zipfile.ZipInfo(name.strip("\n") if about.get("twice") else name)
            info.compress_type = method
            info.date_time = about.get("date_time", (2026, 3, 1, 9, 30, 20))
            info.external_attr = about.get("mode", 0o600) << 16
            info.extra = about.get("extra", b"")
            archive.writestr(info, data)
    return path


def tarred(path: Path, files: dict, mode="w", **about) -> Path:
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), about.get("mtime", NOON)
            info.type = about.get("type", tarfile.REGTYPE)
            info.linkname = about.get("linkname", "")
            info.pax_headers = about.get("pax", {})
            info.mode = 0o4777
            archive.addfile(info, io.BytesIO(data))
    return path


def contents(folder: Path) -> dict:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def opened(archive: Path, room: Room | None = None) -> Path:
    into = archive.parent / "into"
    unpack(archive, into, room or for_a_learner())
    return into


def refused(archive: Path, room: Room | None = None) -> str:
    """The reason; nothing may have been written outside the folder meant for it."""
    before = {path for path in archive.parent.rglob("*") if "into" not in path.parts}
    with pytest.raises(Refused) as refusal:
        opened(archive, room)
    assert {path for path in archive.parent.rglob("*") if "into" not in path.parts} == before
    assert all(path.is_file() or path.is_dir() for path in archive.parent.rglob("*"))
    assert archive.name in str(refusal.value)
    return str(refusal.value)


ORDINARY = {
    "w.zip": lambda path: zipped(path, FILES),
    "W.ZIP": lambda path: zipped(path, FILES, zipfile.ZIP_STORED),
    "w.tar": lambda path: tarred(path, FILES),
    "w.tar.gz": lambda path: tarred(path, FILES, "w:gz"),
    "w.tgz": lambda path: tarred(path, FILES, "w:gz"),
    "w.tar.bz2": lambda path: tarred(path, FILES, "w:bz2"),
    "w.tar.xz": lambda path: tarred(path, FILES, "w:xz"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_is_every_ordinary_kind_unpacked_byte_for_byte(tmp_path, name):
    into = opened(ORDINARY[name](tmp_path / name))
    assert contents(into) == FILES
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o6111 == 0 for path in into.rglob("*.*"))


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_is_every_dialect_of_tar_read_with_its_folders(tmp_path, format):
    name = "a folder/" * 15 + "x" * 90
    with tarfile.open(tmp_path / "w.tar", "w", format=format) as archive:
        folder = tarfile.TarInfo("./empty")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        info = tarfile.TarInfo(f"./{name}")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"ok"))
    into = opened(tmp_path / "w.tar")
    assert contents(into) == {name: b"ok"} and (into / "empty").is_dir()


def test_are_names_that_macos_writes_read_as_meant(tmp_path):
    path = zipped(tmp_path / "w.zip", {"Zoë.ipynb": b"1"})
    data = path.read_bytes()
    utf8 = struct.pack("<H", 0x800)
    assert data.count(utf8) == 2  # the mark is in both headers; macOS leaves it out
    path.write_bytes(data.replace(utf8, b"\0\0"))
    assert contents(opened(path)) == {"Zoë.ipynb": b"1"}


def test_are_only_archives_taken_for_archives():
    assert is_archive("Work.TAR.GZ") and is_archive("a.7z") and not is_archive("zip.ipynb")


def test_does_a_file_keep_its_time_if_that_can_be(tmp_path):
    archive = zipped(tmp_path / "w.zip", {"a/x": b""})
    os.utime(archive, (NOON * 2, NOON * 2))
    into = opened(archive)
    assert (into / "a/x").stat().st_mtime == EVEN == (into / "a").stat().st_mtime


def test_is_unix_time_believed_more_than_the_clock_of_another_zone(tmp_path):
    extra = struct.pack("<HHHH", 0x7875, 4, 1, 2) + struct.pack("<HHBi", 0x5455, 5, 1, NOON)
    archive = zipped(tmp_path / "w.zip", {"x": b""}, extra=extra)
    os.utime(archive, (NOON * 2, NOON * 2))
    assert (opened(archive) / "x").stat().st_mtime == NOON


@pytest.mark.parametrize(
    "archive",
    [
        lambda path: zipped(path / "w.zip", {"x": b""}, date_time=(1980, 1, 1, 0, 0, 0)),
        lambda path: zipped(path / "w.zip", {"x": b""}, date_time=(2026, 0, 0, 0, 0, 0)),
        lambda path: zipped(path / "w.zip", {"x": b""}, date_time=(2099, 1, 1, 0, 0, 0)),
        lambda path: tarred(path / "w.tar", {"x": b""}, mtime=0),
        lambda path: tarred(path / "w.tar", {"x": b""}, mtime=EARLIEST - 1),
        lambda path: tarred(path / "w.tar", {"x": b""}, mtime=NOON + 1),
        lambda path: tarred(path / "w.tar", {"x": b""}, pax={"mtime": "inf"}),
        lambda path: tarred(path / "w.tar", {"x": b""}, pax={"mtime": "nan"}),
    ],
)
def test_is_a_time_that_cannot_be_replaced_by_that_of_the_archive(tmp_path, archive):
    path = archive(tmp_path)
    os.utime(path, (NOON, NOON))
    assert (opened(path) / "x").stat().st_mtime == NOON


OUTSIDE = "leads out of it"
NAMES = {
    "up": ("../x.ipynb", OUTSIDE),
    "up from within": ("a/../../x.ipynb", OUTSIDE),
    "absolute": ("/tmp/x.ipynb", OUTSIDE),
    "a drive": ("C:/x.ipynb", OUTSIDE),
    "a drive's folder": ("c:x.ipynb", OUTSIDE),
    "backslashes": ("..\\x.ipynb", "backslashes"),
    "a line break": ("a\nb.ipynb", "not text"),
    "an escape": ("a\x1b[2Jb.ipynb", "not text"),
    "very long": ("a/" * 15 + "x" * 400, "too long"),
    "a long part": ("é" * 150, "too long"),
    "very deep": ("a/" * 25 + "x", "too deeply"),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("make", [zipped, tarred])
def test_is_a_name_that_could_do_harm_refused(tmp_path, kind, make):
    name, reason = NAMES[kind]
    archive = make(tmp_path / f"w.{'zip' if make is zipped else 'tar'}", {"ok": b"1", name: b"2"})
    assert reason in refused(archive)


def test_is_a_name_that_no_encoding_gives_refused(tmp_path):
    archive = tarred(tmp_path / "w.tar", {"Q.ipynb": b""})
    data = bytearray(archive.read_bytes())
    data[0] = 0xFF
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + sum(b" " * 8) + sum(data[156:512]))
    archive.write_bytes(data)
    assert "not text" in refused(archive)


def test_is_a_name_cut_by_a_zero_refused(tmp_path):
    archive = zipped(tmp_path / "w.zip", {"aQ../x": b""})
    archive.write_bytes(archive.read_bytes().replace(b"aQ../x", b"a\0../x"))
    assert "not text" in refused(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_is_a_link_or_device_in_a_zip_refused(tmp_path, kind):
    archive = zipped(tmp_path / "w.zip", {"x.ipynb": b"/etc/passwd"}, mode=kind | 0o777)
    assert "no file: 'x.ipynb'" in refused(archive)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_is_a_link_or_device_in_a_tar_refused(tmp_path, kind):
    files = {"x.ipynb": b""}
    archive = tarred(tmp_path / "w.tar", files, type=kind, linkname="/etc/passwd")
    assert "no file: 'x.ipynb'" in refused(archive)


def test_is_a_file_with_holes_refused(tmp_path):
    info = tarfile.TarInfo("x.ipynb")
    info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "9" * 12}
    info.size = 1
    with tarfile.open(tmp_path / "w.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"1"))
    assert "no file" in refused(tmp_path / "w.tar")


@pytest.mark.parametrize(
    "names", [["x", "x\n"], ["a/x", "a/./x\n"], ["a", "a/x\n"], ["a/x", "a\n"], ["a/", "a\n"]]
)
def test_are_two_entries_for_one_path_refused(tmp_path, names):
    archive = zipped(tmp_path / "w.zip", dict.fromkeys(names, b""), twice=True)
    assert "more than once" in refused(archive)


SMALL = {"entries": 5, "each": 1_000, "in_all": 1_500}


def lying(path: Path) -> Path:
    """A zip that says its file has one byte, in both its headers."""
    data = zipped(path, {"x": b"1" * 5_000}).read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 5_000), struct.pack("<I", 1)))
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda at: zipped(at / "w.zip", {"x": bytes(1_001)}), "more than is read"),
        (lambda at: tarred(at / "w.tgz", {"x": bytes(1_001)}, "w:gz"), "more than is read"),
        (lambda at: zipped(at / "w.zip", {"x": bytes(800), "y": bytes(800)}), "more than is read"),
        (lambda at: tarred(at / "w.tar", {"x": bytes(800), "y": bytes(800)}), "more than is read"),
        (lambda at: zipped(at / "w.zip", dict.fromkeys("abcdef", b"")), "more than 5 files"),
        (lambda at: tarred(at / "w.tar", dict.fromkeys("abcdef", b"")), "more than 5 files"),
        (lambda at: lying(at / "w.zip"), "damaged"),
    ],
)
def test_is_more_than_the_limit_refused_however_it_is_told(tmp_path, make, reason):
    archive, room = make(tmp_path), Room(**SMALL)
    assert reason in refused(archive, room)
    assert room.bytes_out <= 1_500 and sum(map(len, contents(tmp_path / "into").values())) <= 1_500


def test_do_all_archives_of_one_learner_share_their_limits(tmp_path):
    room = Room(**SMALL)
    for number in range(3):
        archive = zipped(tmp_path / f"{number}.zip", {"x": bytes(700)})
        if number < 2:
            unpack(archive, tmp_path / f"into {number}", room)
    with pytest.raises(Refused, match="more than is read"):
        unpack(archive, tmp_path / "into 2", room)


def test_does_what_is_just_allowed_come_through(tmp_path):
    files = {"x": bytes(1_000), "y": bytes(500), "a/b": b"", "a/c": b"", "d": b""}
    assert contents(opened(zipped(tmp_path / "w.zip", files), Room(**SMALL))) == files


def endless_header(path: Path) -> Path:
    """A tar whose extended header says it is 64 MB long, and is."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 64_000_000
    with gzip.open(path, "wb", 1) as file:
        file.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(64):
            file.write(b"1" * 1_000_000)
    return path


def thousands(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}", b"")
    return path


def bzip_bomb(path: Path) -> Path:
    """A zip of the kind whose chunks unfold whole, however large they are."""
    return zipped(path, {"x": bytes(60_000_000)}, zipfile.ZIP_BZIP2)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda at: endless_header(at / "w.tgz"), "damaged"),
        (lambda at: thousands(at / "w.zip"), "more than 2000 files"),
        (lambda at: bzip_bomb(at / "w.zip"), "packed in a way"),
        (lambda at: zipped(at / "w.zip", {"x": bytes(100_000_001)}), "at most 100 MB a file"),
    ],
)
def test_is_what_would_fill_the_memory_refused_before_it_does(tmp_path, make, reason):
    archive = make(tmp_path)
    tracemalloc.start()
    try:
        assert reason in refused(archive)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def flagged(path: Path) -> Path:
    """A zip whose table of contents says that the file is encrypted."""
    data = bytearray(zipped(path, {"x": b"secret"}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


def without(path: Path, start: int, end: int | None) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[:start] + (data[end:] if end is not None else b""))
    return path


def changed(path: Path, place: int) -> Path:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)
    return path


TWO = {"a": b"1" * 512, "b": os.urandom(512)}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda at: flagged(at / "w.zip"), "password"),
        (lambda at: without(zipped(at / "w.zip", TWO), -20, None), "cut off"),
        (lambda at: without(zipped(at / "w.zip", TWO), 100, None), "cut off"),
        (lambda at: changed(zipped(at / "w.zip", TWO), 100), "damaged"),
        (lambda at: without(tarred(at / "w.tar", TWO), 1024, None), "cut off"),
        (lambda at: without(tarred(at / "w.tar", TWO), 1300, None), "cut off"),
        (lambda at: without(tarred(at / "w.tar", TWO), 1700, None), "cut off"),
        (lambda at: changed(tarred(at / "w.tar", TWO), 1024), "damaged"),
        (lambda at: without(tarred(at / "w.tgz", TWO, "w:gz"), -9, None), "cut off"),
        (lambda at: changed(tarred(at / "w.tgz", TWO, "w:gz"), -6), "damaged"),
        (lambda at: without(tarred(at / "w.tar.bz2", TWO, "w:bz2"), -9, None), "cut off"),
        (lambda at: without(tarred(at / "w.tar.xz", TWO, "w:xz"), -9, None), "cut off"),
        (lambda at: tarred(at / "w.zip", TWO), "not what its name says"),
        (lambda at: zipped(at / "w.tar", TWO), "not what its name says"),
    ],
)
def test_is_a_locked_damaged_or_misnamed_archive_refused(tmp_path, make, reason):
    assert reason in refused(make(tmp_path))


@pytest.mark.parametrize("ending", ["7z", "rar", "gz", "zst"])
@pytest.mark.parametrize("data", [b"", b"Rar!\x1a\x07"])
def test_is_a_kind_that_is_not_opened_named(tmp_path, ending, data):
    archive = tmp_path / f"w.{ending}"
    archive.write_bytes(data)
    assert f"a kind that is not opened (.{ending})" in refused(archive)


@pytest.mark.parametrize("name", ["w.zip", "w.tar", "w.tgz"])
def test_is_an_empty_file_or_a_link_no_archive(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert "cut off" in refused(tmp_path / name)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / name).symlink_to(ORDINARY.get(name, ORDINARY["w.tar"])(tmp_path / name))
    assert "not a link" in refused(elsewhere / name)


def test_is_a_full_disk_never_the_archives_fault(tmp_path, monkeypatch):
    archive = zipped(tmp_path / "w.zip", FILES)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograder.intake.unpack._write", full)
    with pytest.raises(OSError, match="No space left"):
        opened(archive)
