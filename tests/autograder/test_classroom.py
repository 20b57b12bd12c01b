"""Where a course runs: finding and making it, the roster, the schedule, names of modules.

Left out: what nbgrader does with the configuration, which the release tests show.
"""

import csv
import io
import os
import sysconfig

import pytest

from autograder.classroom import Course, Problem, Roster, WrongUsage
from autograder.settings import CONFIG_FILE, environment_on_path
from course.places import ROOT

HOSTILE = [
    "Zoë O'Brien",
    "a[1]",
    "*",
    '=HYPERLINK("http://x")',
    "'=1",
    "../x",
    "Smith, Jr",
    "-1",
    'a"b',
]


def test_does_the_repositorys_configuration_begin_like_that_of_a_new_course():
    # What follows is what this course adds: what answers may read, how figures cross.
    assert (ROOT / "nbgrader_config.py").read_text("utf-8").startswith(CONFIG_FILE)


def test_does_a_missing_classroom_say_how_to_make_one(tmp_path):
    with pytest.raises(WrongUsage, match="mildip new DIR"):
        Course.find(tmp_path)


def test_is_the_course_found_from_any_folder_inside_it(course):
    inside = course.root / "classroom" / "deep"
    inside.mkdir(parents=True)
    assert Course.find(inside).root == course.root


def test_does_making_a_course_leave_an_older_one_alone(course, sources):
    with pytest.raises(WrongUsage, match="already holds a course"):
        Course.make(course.root, sources)


@pytest.mark.parametrize("name", ["m01_sums", "m01", "sums"])
def test_does_a_module_go_by_its_folder_its_id_and_its_notebook(course, name):
    assert course.module(name) == "m01_sums"


def test_does_an_unknown_module_list_the_nearest(course):
    with pytest.raises(WrongUsage, match="m02_words"):
        course.module("m02_word")


def test_does_every_learner_id_get_a_safe_folder_that_stays(tmp_path):
    path = tmp_path / "roster.csv"
    folders = {learner: Roster(path).enrol(learner).folder for learner in HOSTILE}
    assert len(set(folders.values())) == len(HOSTILE)
    assert all(folder == f"learner-{n:03d}" for n, folder in enumerate(folders.values(), start=1))
    again = Roster(path)
    assert {row.learner: row.folder for row in again} == folders
    assert [again.by_folder(folder).learner for folder in folders.values()] == HOSTILE


def test_does_a_spreadsheet_read_no_formula_from_the_roster(tmp_path):
    for learner in HOSTILE:
        Roster(tmp_path / "roster.csv").enrol(learner)
    rows = csv.reader(io.StringIO((tmp_path / "roster.csv").read_text("utf-8")))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "-", "+", "@"))]


def test_do_two_spellings_of_one_letter_mean_one_learner(tmp_path):
    roster = Roster(tmp_path / "roster.csv")
    assert roster.enrol("Zoe\u0308") == roster.enrol("Zo\u00eb")


def test_does_an_instructors_roster_keep_its_names_and_get_folders(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("\ufefflearner,name\nann,Ann Ba\nbo,\n", encoding="utf-8")
    assert [(row.shown, row.folder) for row in Roster(path)] == [
        ("Ann Ba", "learner-001"),
        ("bo", "learner-002"),
    ]


@pytest.mark.parametrize(
    ("line", "amiss"),
    [
        (",Ann,,", "no `learner`"),
        ("ann,,,../up", "small letters"),
        ("bo,,,learner-001", "somebody else"),
        ("ann,,,", "second time"),
    ],
)
def test_does_a_bad_line_of_the_roster_say_what_to_mend(tmp_path, line, amiss):
    path = tmp_path / "roster.csv"
    first = "ann" if amiss == "second time" else "first"
    path.write_text(f"learner,name,email,folder\n{first},,,learner-001\n{line}\n")
    with pytest.raises(Problem, match=rf"line 3 .*{amiss}"):
        Roster(path)


def test_is_a_due_date_read_in_its_own_zone(course):
    course.room.mkdir(exist_ok=True)
    (course.room / "schedule.toml").write_text("m01 = 2026-03-01T23:59:00+01:00\n")
    assert course.due("m01_sums").isoformat() == "2026-03-01T22:59:00+00:00"
    assert course.due("m02_words") is None


@pytest.mark.parametrize("when", ["2026-03-01T23:59:00", "2026-03-01", '"soon"'])
def test_is_a_due_date_without_a_zone_refused(course, when):
    course.room.mkdir(exist_ok=True)
    (course.room / "schedule.toml").write_text(f"m01_sums = {when}\n")
    with pytest.raises(Problem, match="a zone"):
        course.due("m01_sums")


def test_does_a_name_with_a_line_separator_stay_one_event(course):
    course.log("collect", learner="a\u2028b\nc")
    assert [event["learner"] for event in course.events("collect")] == ["a\u2028b\nc"]


def test_are_the_environments_programs_found_when_it_is_not_activated(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    environment_on_path()
    environment_on_path()
    assert os.environ["PATH"].split(os.pathsep) == [sysconfig.get_path("scripts"), "/nowhere"]
