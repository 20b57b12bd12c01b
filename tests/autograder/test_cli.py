"""The command line as people and machines meet it: exit codes, sentences, JSON.

Most commands run inside the test, for speed; one runs as a program of its own with the
environment not activated. Left out: `demo`, whose work has a test of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from autograder import cli, doctor
from autograder.kernels import sandbox


@pytest.fixture
def mildip(monkeypatch, capsys):
    """Run `mildip` in a folder and give back exit code and output (parsed if `--json`)."""

    def run(folder: Path, *arguments: object):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["mildip", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        if "--json" in arguments and printed.out:
            return end.value.code, json.loads(printed.out)
        return end.value.code, " ".join((printed.out + printed.err).split())

    return run


@pytest.mark.parametrize("command", ["release", "collect", "grade", "feedback", "export", "report"])
def test_does_a_command_outside_a_classroom_say_how_to_make_one(mildip, tmp_path, command):
    code, said = mildip(tmp_path, command)
    assert code == 2 and "mildip new DIR" in said


def test_does_an_unknown_module_list_the_nearest(mildip, open_course):
    code, said = mildip(open_course.root, "release", "m02_wodrs")
    assert code == 2 and "no module 'm02_wodrs'" in said and "m02_words" in said


@pytest.mark.parametrize("arguments", [["nonsense"], ["export", "--to", "moodle"], ["new"]])
def test_is_wrong_usage_code_two(mildip, open_course, arguments):
    assert mildip(open_course.root, *arguments)[0] == 2


def test_does_the_cycle_run_from_the_shell(mildip, open_course, tiny, tmp_path, monkeypatch):
    root, source = open_course.root, tmp_path / "in"
    code, released = mildip(root, "release", "--json")
    assert code == 0 and [one["automatic_points"] for one in released] == [3.5, 3.0]
    nb = tiny.answered(tiny.released(open_course), m01_t1=tiny.RIGHT)
    tiny.hand_in(source, "ann", nb)
    tiny.hand_in(source, "bo", b"not a notebook")
    code, taken = mildip(root, "collect", source, "--json")
    assert code == 0 and [one["outcome"] for one in taken["collected"]] == ["new", "new"]

    with monkeypatch.context() as as_root:
        as_root.setattr(os, "geteuid", lambda: 0)
        code, said = mildip(root, "grade", "--sandbox", "none")
        assert code == 2 and "not done as root" in said
    assert mildip(root, "grade", "--shard", "3/2")[0] == 2
    code, graded = mildip(root, "grade", "--workers", "1", "--json")
    assert code == 1 and {one["result"] for one in graded} == {"graded", "refused"}
    code, said = mildip(root, "grade")
    assert code == 0 and "Nothing new to grade" in said

    code, pages = mildip(root, "feedback", "--json")
    assert code == 0 and len(pages) == 2 and all(Path(page).is_file() for page in pages)
    _, rows = mildip(root, "export", "--json")
    assert [row["automatic"] for row in rows] == [3.5, None, 0.0, None]
    code, said = mildip(root, "export", "m01", "--out", "marks.csv")
    assert code == 0 and "2 rows in" in said
    assert len((root / "marks.csv").read_text("utf-8").splitlines()) == 3
    _, found = mildip(root, "report", "--json")
    assert found["modules"][0]["checks"][0]["of"] == 1
    code, said = mildip(root, "report")
    assert code == 0 and (open_course.room / "report.html").is_file()


def test_does_a_stray_file_need_attention(mildip, open_course, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "all.zip").write_bytes(b"PK")
    code, said = mildip(open_course.root, "collect", tmp_path / "in")
    assert code == 1 and "Look at this: all.zip" in said and "Nothing was found" in said


def test_does_collecting_an_archive_count_and_name_who_is_new(mildip, open_course, tiny, tmp_path):
    nb = tiny.answered(tiny.released(open_course), m01_t1=tiny.RIGHT)
    tiny.hand_in(tmp_path / "in", "ann", nb)
    shutil.make_archive(tmp_path / "class", "gztar", tmp_path / "in")
    code, said = mildip(open_course.root, "collect", tmp_path / "class.tar.gz")
    assert code == 0 and "1 handed in: 1 new." in said and "Added to the roster" not in said
    tiny.hand_in(tmp_path / "in", "Ann Ba", nb)
    shutil.make_archive(tmp_path / "class", "zip", tmp_path / "in")
    code, said = mildip(open_course.root, "collect", tmp_path / "class.zip")
    assert "2 handed in: 1 new, 1 unchanged." in said and "Added to the roster: Ann Ba." in said
    code, told = mildip(open_course.root, "collect", tmp_path / "class.zip", "--json")
    assert told["added_to_roster"] == [] and len(told["collected"]) == 2


@pytest.mark.parametrize("command", ["export", "report"])
def test_is_a_place_that_cannot_be_written_wrong_usage(mildip, open_course, command):
    code, said = mildip(open_course.root, command, "--out", "nowhere/marks")
    assert code == 2 and "nowhere/marks cannot be written: No such file or directory." in said


def test_does_feedback_say_what_still_waits_to_be_graded(mildip, open_course, tiny, tmp_path):
    tiny.hand_in(tmp_path / "in", "ann", tiny.released(open_course))
    mildip(open_course.root, "collect", tmp_path / "in")
    code, said = mildip(open_course.root, "feedback")
    assert code == 0 and "0 pages in" in said and "1 handed in, but not graded yet" in said


def test_does_modules_show_titles_and_points(mildip, open_course):
    _, told = mildip(open_course.root, "modules", "--json")
    assert [tuple(row.values()) for row in told["modules"]] == [
        ("m01_sums", "Sums for beginners", 3.5, 10.0, None),
        ("m02_words", "Words", 3.0, 0.0, None),
    ]
    assert told["total"] == {"modules": 2, "automatic": 6.5, "written": 10.0}
    _, table = mildip(open_course.root, "modules")
    assert "Words" in table and "6.5 + 10" in table and "Bank" not in table


def test_does_modules_count_what_the_installed_course_knows(mildip, tmp_path):
    _, told = mildip(tmp_path, "modules", "--json")
    each, total = told["modules"], told["total"]
    for key in ("automatic", "written", "bank_answers", "minutes", "figures"):
        assert total[key] == sum(row[key] for row in each) > 0
    assert total["rows"] < sum(row["rows"] for row in each)
    assert set(total["tasks"]) == {"code", "concept", "figure", "written"}
    assert total["modules"] == len(each)
    _, table = mildip(tmp_path, "modules")
    assert f"{total['rows']:,}" in table and f"{total['tasks']['code']} code" in table


def test_does_start_leave_work_alone(mildip, tmp_path, monkeypatch, sources):
    monkeypatch.setattr("course.places.NOTEBOOKS", sources)
    code, told = mildip(tmp_path, "start", tmp_path / "mine", "--json")
    mine = tmp_path / "mine" / "m01_sums" / "sums.ipynb"
    assert code == 0 and str(mine) in told["written"] and len(told["written"]) == 3
    assert nbformat.read(mine, as_version=4).metadata.mildip.kind == "self-study"
    mine.write_text("my work")
    code, told = mildip(tmp_path, "start", tmp_path / "mine", "--json")
    assert code == 1 and told == {"written": [], "kept": [str(mine)]}
    assert mine.read_text() == "my work"


def test_does_new_make_a_course_once(mildip, tmp_path, monkeypatch, sources):
    monkeypatch.setattr("course.places.NOTEBOOKS", sources)
    code, said = mildip(tmp_path, "new", tmp_path / "here")
    assert code == 0 and "2 modules" in said
    code, said = mildip(tmp_path, "new", tmp_path / "here")
    assert code == 2 and "already holds a course" in said


def test_does_the_program_work_in_an_environment_not_activated(open_course):
    program = Path(sysconfig.get_path("scripts"), "mildip")
    done = subprocess.run(
        [program, "release", "m02", "--json"],
        cwd=open_course.root,
        env={"PATH": "/usr/bin:/bin", "HOME": str(open_course.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [one["module"] for one in json.loads(done.stdout)] == ["m02_words"]


def test_does_the_doctor_find_this_environment_fit(mildip, tmp_path):
    code, found = mildip(tmp_path, "doctor", "--json")
    findings = {one["what"]: one for one in found}
    assert code == 0 and all(one["ok"] for one in found if one["needed"])
    looked_at = {"Python", "environment", "sandbox", "packages", "JupyterLab panels", "alembic"}
    assert looked_at | {"datasets"} <= set(findings)


def test_does_the_doctor_name_what_is_damaged_missing_or_old(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "0.0.1")
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "MIN_PYTHON", (9, 9))
    findings = {one.what: one for one in doctor.examine(lambda: ["datasets/x.csv is missing"])}
    for what in ("Python", "packages", "alembic", "datasets"):
        assert not findings[what].ok and findings[what].needed
    assert "nbgrader is 0.0.1" in findings["packages"].says
    assert "x.csv is missing" in findings["datasets"].says
    assert not findings["bwrap"].ok and not findings["bwrap"].needed


def test_is_an_environment_closed_to_others_amiss_for_root_alone(monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(closed / "python"))
    # Nobody but root can drop to another user; without root that attempt fails the same way.
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    amiss = doctor._readable()
    assert not amiss.ok and amiss.needed
    assert "open it (chmod o+x /" in amiss.says and "ordinary user" in amiss.says
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert doctor._readable().ok


def test_is_a_machine_without_a_sandbox_unfit(monkeypatch):
    def none_runs(wanted="auto"):
        raise sandbox.NoSandbox("No sandbox runs here (bwrap: no; landlock: no).")

    monkeypatch.setattr(sandbox, "choose", none_runs)
    (found,) = [one for one in doctor.examine() if one.what == "sandbox"]
    assert not found.ok and found.needed and "landlock: no" in found.says


def test_is_help_quick_because_nothing_heavy_is_imported():
    code = "import sys; import autograder.cli; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "'autograder.cli'" in loaded
    assert not [name for name in ("nbgrader", "pandas", "nbconvert") if f"'{name}'" in loaded]
