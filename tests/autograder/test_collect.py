"""Collecting: from a folder in both layouts, an archive, nbgrader's exchange; what is kept.

Left out: what an archive may hold (see test_unpack.py), and whether what was collected can be
graded, which is decided when it is graded.
"""

import os
import shutil
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory

from autograder.classroom import Problem, WrongUsage
from autograder.intake import collect
from autograder.intake.collect import collect_exchange, collect_folder
from autograder.release import release

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


def outcomes(taken) -> dict:
    return {(one.learner, one.module): one.outcome for one in taken}


def submitted(course, learner, module="m01_sums"):
    return course.step("submitted") / course.roster.enrol(learner).folder / module


def inbox(course, learner, module="m01_sums") -> list[dict]:
    """Every attempt that is kept: file names and bytes."""
    folder = course.room / "inbox" / course.roster.enrol(learner).folder / module
    return [{p.name: p.read_bytes() for p in one.iterdir()} for one in sorted(folder.iterdir())]


def packed(path: Path, files: dict[str, bytes], at: float = NOON) -> Path:
    """A zip that gives each file the time `at`, and has that time itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, time.localtime(at)[:6]), data)
    os.utime(path, (at, at))
    return path


def as_bytes(nb) -> bytes:
    return nbformat.writes(nb).encode()


def no_leftovers(course) -> bool:
    return not list(course.room.glob("unpacked-*")) and not list(course.room.rglob("*.draft"))


def test_are_both_layouts_and_renamed_files_recognised(open_course, tiny, tmp_path):
    source, nb = tmp_path / "in", tiny.released(open_course)
    tiny.hand_in(source, "ann", nb)
    tiny.hand_in(source, "a__b/week 1", nb, "sums (1)")
    tiny.hand_in(source, ".", nb, "Zoë O'Brien__sums")
    tiny.hand_in(source, ".", nb, "d__renamed")
    tiny.hand_in(source, "ann", tiny.released(open_course, "m02_words"), "words")
    taken, strays = collect_folder(open_course, source)
    assert strays == []
    assert outcomes(taken) == {
        ("ann", "m01_sums"): "new",
        ("ann", "m02_words"): "new",
        ("a__b", "m01_sums"): "new",
        ("Zoë O'Brien", "m01_sums"): "new",
        ("d", "m01_sums"): "new",
    }
    assert (submitted(open_course, "a__b") / "sums.ipynb").read_bytes() == (
        source / "a__b" / "week 1" / "sums (1).ipynb"
    ).read_bytes()


def test_do_bytes_time_and_hash_of_the_original_stay(open_course, tiny, tmp_path):
    data = b'{"damaged": '
    tiny.hand_in(tmp_path / "in", "ann", data, at=NOON)
    (taken,), _ = collect_folder(open_course, tmp_path / "in")
    assert taken.at == datetime.fromtimestamp(NOON, UTC)
    folder = submitted(open_course, "ann")
    assert (folder / "timestamp.txt").read_text() == "2026-03-01 12:00:00.000000 UTC"
    (kept,) = (open_course.room / "inbox" / taken.folder / "m01_sums").iterdir()
    assert kept.name.startswith("20260301T120000Z-")
    assert (kept / "sums.ipynb").read_bytes() == data == (folder / "sums.ipynb").read_bytes()


def test_does_the_newest_attempt_count_and_every_attempt_stay(open_course, tiny, tmp_path):
    attempts = [("one", NOON), ("two", NOON + 60), ("two", NOON + 90), ("old", NOON - 60)]
    attempts.append(("one", NOON + 120))
    found = []
    for text, at in attempts:
        nb = tiny.answered(tiny.released(open_course), m01_t1=text)
        tiny.hand_in(tmp_path / "in", "ann", nb, at=at)
        (taken,), _ = collect_folder(open_course, tmp_path / "in", ["m01_sums"])
        found.append(taken.outcome)
    assert found == ["new", "updated", "unchanged", "older", "updated"]
    assert '"one"' in (submitted(open_course, "ann") / "sums.ipynb").read_text()
    assert len(list((open_course.room / "inbox").glob("*/*/*"))) == 4


def test_is_a_missing_notebook_told_but_never_in_place_of_work(open_course, tiny, tmp_path):
    source = tmp_path / "in"
    tiny.hand_in(source, "ann", tiny.released(open_course))
    packed(source / "bo" / "work.zip", {"notes.txt": b"", "Week 1/poem.ipynb": b"{}"})
    collect_folder(open_course, source, ["m01_sums"])
    (source / "ann" / "sums.ipynb").unlink()
    taken, strays = collect_folder(open_course, source, ["m01_sums"])
    assert outcomes(taken) == {("ann", "m01_sums"): "absent", ("bo", "m01_sums"): "absent"}
    assert (submitted(open_course, "ann") / "sums.ipynb").exists()
    reason = (submitted(open_course, "bo") / "refused.txt").read_text()
    assert "lacks sums.ipynb" in reason and "poem.ipynb" in reason and "Hand in" in reason
    assert strays == []


def test_are_links_and_archives_and_strangers_named_not_followed(open_course, tiny, tmp_path):
    source, secret = tmp_path / "in", tmp_path / "elsewhere"
    tiny.hand_in(secret, ".", tiny.released(open_course))
    source.mkdir()
    (source / "linked").symlink_to(secret)
    (source / "ann").mkdir()
    (source / "ann" / "inner").symlink_to(secret)
    (source / "ann" / "sums.ipynb").symlink_to(secret / "sums.ipynb")
    (source / "bo.zip").write_bytes(b"PK")
    tiny.hand_in(source, "cy", b"{}", "poem")
    taken, strays = collect_folder(open_course, source)
    assert outcomes(taken) == {("ann", "m01_sums"): "refused"}
    assert "not a link" in taken[0].reason
    assert not (submitted(open_course, "ann") / "sums.ipynb").exists()
    assert {stray.what for stray in strays} == {"linked", "bo.zip", "cy/poem.ipynb"}


def test_do_hostile_ids_stay_inside_the_classroom(open_course, tiny, tmp_path):
    source, nb = tmp_path / "in", tiny.released(open_course)
    ids = ["*", "a[1]", "..x", "=1+1", "Smith, Jr", "a+b"]
    for learner in ids:
        tiny.hand_in(source, learner, nb)
    taken, strays = collect_folder(open_course, source)
    assert sorted(one.learner for one in taken) == sorted(ids) and not strays
    folders = {path.name for path in open_course.step("submitted").iterdir()}
    assert folders == {one.folder for one in taken} and len(folders) == len(ids)


@pytest.mark.parametrize("name", ["all.zip", "all.tgz", "all.rar"])
def test_is_an_archive_that_cannot_be_opened_wrong_usage(open_course, tmp_path, name):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(WrongUsage, match="Unpack it yourself, then collect the folder"):
        collect_folder(open_course, tmp_path / name)
    assert no_leftovers(open_course) and not list(open_course.roster)


def test_is_what_is_neither_folder_nor_archive_wrong_usage(open_course, tmp_path):
    (tmp_path / "sums.ipynb").write_bytes(b"{}")
    for name in ("nowhere", "nowhere.zip", "sums.ipynb"):
        with pytest.raises(WrongUsage, match="neither a folder nor an archive"):
            collect_folder(open_course, tmp_path / name)


def test_is_a_class_archive_collected_like_the_folder_it_holds(open_course, tiny, tmp_path):
    sums, words = (as_bytes(tiny.released(open_course, one)) for one in open_course.modules())
    own = packed(tmp_path / "own.zip", {"Users/cy/Desktop/course/m01/sums.ipynb": sums})
    nested = packed(tmp_path / "nested.zip", {"own.zip": own.read_bytes()})
    files = {
        "Ann Ba_4711_assignsubmission_file_/sums.ipynb": sums,
        "bo/any name.ipynb": words,
        "bo__sums.ipynb": sums,
        "cy/my work.zip": own.read_bytes(),
        "dee__work.zip": own.read_bytes(),
        "eve/m01_sums/work.zip": own.read_bytes()[:-30],
        "fay/work.zip": nested.read_bytes(),
        "gus/work.zip": b"PK",
        "__MACOSX/bo/._sums.ipynb": b"\0",
        "hal/._sums.ipynb": b"\0",
        "hal/sums.ipynb": sums,
    }
    taken, strays = collect_folder(open_course, packed(tmp_path / "class.zip", files))
    assert outcomes(taken) == {
        ("Ann Ba_4711_assignsubmission_file_", "m01_sums"): "new",
        ("bo", "m01_sums"): "new",
        ("bo", "m02_words"): "new",
        ("cy", "m01_sums"): "new",
        ("dee", "m01_sums"): "new",
        ("eve", "m01_sums"): "refused",
        ("hal", "m01_sums"): "new",
    }
    for learner in ("cy", "dee", "hal", "bo"):
        assert (submitted(open_course, learner) / "sums.ipynb").read_bytes() == sums
        assert {path.name for path in submitted(open_course, learner).iterdir()} == {
            "sums.ipynb",
            "timestamp.txt",
        }
    reason = (submitted(open_course, "eve") / "refused.txt").read_text()
    assert "work.zip is damaged, cut off" in reason and "Hand in the notebook itself" in reason
    said = {stray.what: stray.reason for stray in strays}
    assert set(said) == {"fay/work.zip/own.zip", "gus/work.zip"}
    assert "archive inside an archive" in said["fay/work.zip/own.zip"]
    assert "was not opened: work.zip is damaged" in said["gus/work.zip"]
    assert no_leftovers(open_course)


def test_is_a_full_disk_told_and_nobodys_fault(open_course, tiny, tmp_path, monkeypatch):
    sums = as_bytes(tiny.released(open_course))
    archive = packed(tmp_path / "class.zip", {"ann/sums.ipynb": sums})

    def full(*_):
        raise OSError(28, "No space left on device")

    for name in ("autograder.intake.unpack._write", "autograder.intake.collect._fill"):
        monkeypatch.setattr(name, full)
        with pytest.raises(Problem, match="no room left"):
            collect_folder(open_course, archive)
        monkeypatch.undo()
    (taken,), _ = collect_folder(open_course, archive)
    assert taken.outcome == "new"


def test_is_an_archive_kept_as_it_was_handed_in(open_course, tiny, tmp_path):
    sums = as_bytes(tiny.released(open_course))
    good = packed(tmp_path / "in" / "ann" / "work.zip", {"sums.ipynb": sums}, NOON)
    collect_folder(open_course, tmp_path / "in")
    bad = packed(tmp_path / "in" / "ann" / "m01_sums.zip", {"../sums.ipynb": b""}, NOON + 60)
    whole = good.read_bytes()
    good.unlink()
    taken, _ = collect_folder(open_course, tmp_path / "in")
    assert outcomes(taken) == {("ann", "m01_sums"): "absent"}  # work is never lost to no work
    assert (submitted(open_course, "ann") / "sums.ipynb").read_bytes() == sums
    first, second = inbox(open_course, "ann")
    assert first["work.zip"] == whole and first["sums.ipynb"] == sums
    assert second["m01_sums.zip"] == bad.read_bytes() and "leads out" in str(second["refused.txt"])
    assert outcomes(collect_folder(open_course, tmp_path / "in")[0]) == outcomes(taken)
    assert len(inbox(open_course, "ann")) == 2


def test_does_the_time_an_archive_was_handed_in_count_not_those_inside(open_course, tiny, tmp_path):
    sums = as_bytes(tiny.released(open_course))
    own = packed(tmp_path / "own.zip", {"sums.ipynb": sums}, at=NOON - 9_000)
    inner = {"ann/own.zip": own.read_bytes(), "bo/sums.ipynb": sums}
    os.utime(packed(tmp_path / "class.zip", inner, NOON), (NOON + 500, NOON + 500))
    taken, _ = collect_folder(open_course, tmp_path / "class.zip")
    assert {one.learner: one.at.timestamp() for one in taken} == {"ann": NOON, "bo": NOON}
    (tmp_path / "in").mkdir()
    shutil.copyfile(own, tmp_path / "in" / "cy__work.zip")
    os.utime(tmp_path / "in" / "cy__work.zip", (NOON + 30, NOON + 30))
    (one,), _ = collect_folder(open_course, tmp_path / "in")
    assert one.at.timestamp() == NOON + 30


def test_is_an_archive_made_of_a_folder_read_as_that_folder(open_course, tiny, tmp_path):
    sums = as_bytes(tiny.released(open_course))
    files = {"handed in/ann/sums.ipynb": sums, "handed in/bo/sums.ipynb": sums}
    taken, _ = collect_folder(open_course, packed(tmp_path / "handed in.zip", files))
    assert {one.learner for one in taken} == {"ann", "bo"}


def test_is_the_one_that_counts_of_several_told(open_course, tiny, tmp_path):
    source, nb = tmp_path / "in", tiny.released(open_course)
    tiny.hand_in(source, "ann", nb, at=NOON)
    tiny.hand_in(source, "ann/again", tiny.answered(nb, m01_t1="newer"), at=NOON + 60)
    tiny.hand_in(source, "ann", as_bytes(nb), "sums (1)", at=NOON + 30)  # the same: not told
    older = tiny.answered(tiny.released(open_course), m01_t1="older")
    packed(source / "ann" / "work.zip", {"sums.ipynb": as_bytes(older)}, NOON + 10)
    taken, strays = collect_folder(open_course, source)
    assert outcomes(taken) == {("ann", "m01_sums"): "new"}
    assert '"newer"' in (submitted(open_course, "ann") / "sums.ipynb").read_text()
    assert {stray.what for stray in strays} >= {"ann/work.zip/sums.ipynb"}
    assert all(stray.reason.startswith("was left aside for ann/") for stray in strays)


def test_is_a_file_beside_the_notebook_nothing_to_look_at(open_course, tiny, tmp_path):
    tiny.hand_in(tmp_path / "in", "ann", tiny.released(open_course))
    (tmp_path / "in" / "ann" / "figure.png").write_bytes(b"")
    tiny.hand_in(tmp_path / "in", "ann", b"{}", "poem")
    _, strays = collect_folder(open_course, tmp_path / "in")
    assert [stray.what for stray in strays] == ["ann/poem.ipynb"]


def test_is_the_notebook_of_a_module_not_asked_for_nothing_to_look_at(open_course, tiny, tmp_path):
    folder = "ann/home/ann/semester 2/course"
    tiny.hand_in(tmp_path / "in", folder, tiny.released(open_course))
    tiny.hand_in(tmp_path / "in", folder, tiny.released(open_course, "m02_words"), "words")
    taken, strays = collect_folder(open_course, tmp_path / "in", ["m02_words"])
    assert outcomes(taken) == {("ann", "m02_words"): "new"} and strays == []


def test_is_an_empty_folder_told(open_course, tmp_path):
    (tmp_path / "in" / "ann" / "inner").mkdir(parents=True)
    taken, (stray,) = collect_folder(open_course, tmp_path / "in")
    assert taken == [] and (stray.what, stray.reason) == ("ann", "holds no files")


@pytest.mark.parametrize("name", ["__sums.ipynb", " __sums.ipynb", "__work.zip", "sums.ipynb"])
def test_is_a_file_of_nobody_told_and_nobody_enrolled(open_course, tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(b"")
    taken, (stray,) = collect_folder(open_course, tmp_path / "in")
    assert taken == [] and stray.what == name and "LEARNER__NOTEBOOK" in stray.reason
    assert not list(open_course.roster)


@pytest.mark.parametrize("step", ["kept", "submitted"])
def test_does_collecting_again_finish_what_was_interrupted(
    open_course, tiny, tmp_path, monkeypatch, step
):
    fill = collect._fill

    def stopped(folder, *rest):
        if ("inbox" in folder.parts) == (step == "kept"):
            folder.with_name(f"{folder.name}.draft").mkdir(parents=True)
            raise KeyboardInterrupt
        fill(folder, *rest)

    for text, at in (("one", NOON), ("two", NOON + 60)):
        nb = tiny.answered(tiny.released(open_course), m01_t1=text)
        tiny.hand_in(tmp_path / "in", "ann", nb, at=at)
        monkeypatch.setattr(collect, "_fill", stopped)
        with pytest.raises(KeyboardInterrupt):
            collect_folder(open_course, tmp_path / "in")
        monkeypatch.undo()
        collect_folder(open_course, tmp_path / "in")
        assert f'"{text}"' in (submitted(open_course, "ann") / "sums.ipynb").read_text()
    assert len(inbox(open_course, "ann")) == 2 and no_leftovers(open_course)


def test_does_the_exchange_bring_work_back_and_follow_no_link(open_course, tiny):
    with pytest.raises(Problem, match="mildip release --exchange"):
        collect_exchange(open_course)
    release(open_course, "m01_sums", exchange=True)
    config = open_course.config
    coursedir = CourseDirectory(config=config, assignment_id="m01_sums", student_id="ann")
    factory, authenticator = ExchangeFactory(config=config), Authenticator(config=config)
    options = {"coursedir": coursedir, "authenticator": authenticator, "config": config}
    factory.FetchAssignment(**options).start()
    fetched = open_course.room / "fetched" / "m01_sums" / "sums.ipynb"
    nbformat.write(tiny.answered(nbformat.read(fetched, 4), m01_t1=tiny.RIGHT), fetched)
    factory.Submit(**options).start()
    inbound = open_course.room / "exchange" / "course" / "inbound"
    folder = inbound / "bo+m01_sums+2026-03-01 12:00:00.000000 UTC"
    folder.mkdir()
    (folder / "sums.ipynb").symlink_to(open_course.step("source") / "m01_sums" / "sums.ipynb")
    (inbound / "cy+m01_sums+2026-03-01 12:00:00.000000 UTC").symlink_to(
        open_course.step("source") / "m01_sums"
    )
    taken, strays = collect_exchange(open_course, ["m01_sums"])
    assert len([one for one in strays if "of bo was put there by the account" in one.reason]) == 1
    assert outcomes(taken) == {
        ("ann", "m01_sums"): "new",
        ("bo", "m01_sums"): "refused",
        ("cy", "m01_sums"): "refused",
    }
    assert "return x + x" in (submitted(open_course, "ann") / "sums.ipynb").read_text()
    for learner in ("bo", "cy"):
        held = {path.name for path in submitted(open_course, learner).iterdir()}
        assert held == {"timestamp.txt", "refused.txt"}
