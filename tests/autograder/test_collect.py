"""Collecting: from a folder in both layouts, from nbgrader's exchange; what is kept.

Left out: whether what was collected can be graded, which is decided when it is graded.
"""

from datetime import UTC, datetime

import nbformat
import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory

from autograder.classroom import Problem, WrongUsage
from autograder.intake.collect import collect_exchange, collect_folder
from autograder.release import release

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


def outcomes(taken) -> dict:
    return {(one.learner, one.module): one.outcome for one in taken}


def submitted(course, learner, module="m01_sums"):
    return course.step("submitted") / course.roster.enrol(learner).folder / module


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
    tiny.hand_in(source, "bo", b"PK", "work.zip")
    (source / "bo" / "work.zip.ipynb").rename(source / "bo" / "work.zip")
    collect_folder(open_course, source, ["m01_sums"])
    (source / "ann" / "sums.ipynb").unlink()
    taken, _ = collect_folder(open_course, source, ["m01_sums"])
    assert outcomes(taken) == {("ann", "m01_sums"): "absent", ("bo", "m01_sums"): "absent"}
    assert (submitted(open_course, "ann") / "sums.ipynb").exists()
    reason = (submitted(open_course, "bo") / "refused.txt").read_text()
    assert "lacks sums.ipynb" in reason and "work.zip" in reason and "unpack" in reason


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


def test_is_an_archive_or_a_missing_folder_wrong_usage(open_course, tmp_path):
    (tmp_path / "all.zip").write_bytes(b"PK")
    with pytest.raises(WrongUsage, match="Unpack it"):
        collect_folder(open_course, tmp_path / "all.zip")
    with pytest.raises(WrongUsage, match="is not a folder"):
        collect_folder(open_course, tmp_path / "nowhere")


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
