"""Stock `nbgrader autograde` and formgrader's button, with our configuration: marks as ours.

Also nbgrader's own quickstart course, released and graded by the engine: marks as stock
nbgrader gives them with its own configuration. Left out: formgrader's pages in a browser.
"""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from autograder import gradebook, grading
from autograder.classroom import Course, expect_nbgrader_warnings
from autograder.grading import How
from autograder.release import release
from autograder.runner import run as runner
from autograder.settings import CONFIG_FILE

COUNT = 6


@pytest.fixture(autouse=True)
def warned():
    """In a server nobody makes an error of nbgrader's own warnings."""
    expect_nbgrader_warnings()


def nbgrader_says(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [Path(sysconfig.get_path("scripts"), "nbgrader"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def by_mildip(tmp_path_factory, released_light, light):
    course = light.copy(released_light, tmp_path_factory.mktemp("mildip") / "class")
    light.hand_in(course, COUNT)
    list(grading.grade(course, grading.pending(course), How(workers=0)))
    return course


def test_does_nbgrader_autograde_give_the_marks_of_mildip_grade(by_mildip, a_class, outcome, light):
    course = a_class(COUNT)
    done = nbgrader_says(course.root, "autograde", light.MODULE)
    assert done.returncode == 0, done.stderr
    rows, verdicts, notebooks = outcome(course)
    wanted_rows, wanted_verdicts, wanted_notebooks = outcome(by_mildip)
    assert (rows, verdicts) == (wanted_rows, wanted_verdicts)
    # A damaged file has no notebook with us; nbgrader wants one, so it holds the reason.
    assert wanted_notebooks.items() <= notebooks.items()
    (reason,) = (text for name, text in notebooks.items() if name not in wanted_notebooks)
    assert "cut off" in reason
    assert grading.pending(course) == []
    assert len(list((course.room / "backups").iterdir())) == 1


def test_does_the_button_of_formgrader_use_the_engine(by_mildip, a_class, outcome, light):
    course = a_class(COUNT)
    api = NbGraderAPI(CourseDirectory(config=course.config), config=course.config)
    for number in range(1, COUNT + 1):
        said = api.autograde(light.MODULE, f"learner-{number:05d}")
        assert said["success"], said
    assert outcome(course)[:2] == outcome(by_mildip)[:2]
    # Pressed again, it grades again and comes to the same.
    assert api.autograde(light.MODULE, "learner-00001")["success"]
    assert outcome(course)[:2] == outcome(by_mildip)[:2]


def test_does_trouble_of_ours_give_no_mark_behind_the_button(a_class, light, monkeypatch):
    course = a_class(2)
    list(grading.grade(course, grading.pending(course)[:1], How(workers=0)))

    def full_disk(job):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner.run, "__defaults__", (full_disk,))
    api = NbGraderAPI(CourseDirectory(config=course.config), config=course.config)
    said = api.autograde(light.MODULE, "learner-00002")
    assert not said["success"] and "No space left on device" in said["log"]
    assert [row.automatic for row in gradebook.rows(course)] == [1.5, None]


def quickstart(folder: Path) -> Path:
    """nbgrader's quickstart course with the two submissions its documentation ships."""
    assert nbgrader_says(folder, "quickstart", "course").returncode == 0
    shipped = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "submitted"
    shutil.copytree(shipped, folder / "course" / "submitted")
    return folder / "course"


def answers(nb, squares: str, wrong: str):
    """Right or half-right answers to problem 1 of the quickstart course."""
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "squares":
            cell.source = squares
        elif name == "sum_of_squares":
            cell.source = wrong
    return nb


SQUARES = """def squares(n):
    if n < 1:
        raise ValueError("n must be at least 1")
    return [i ** 2 for i in range(1, n + 1)]"""
SUM = "def sum_of_squares(n):\n    return sum(squares(n))"
MORE = {
    "right": (SQUARES, SUM),
    "by-itself": (SQUARES, "def sum_of_squares(n):\n    return sum(i * i for i in range(n + 1))"),
    "half": (SQUARES.replace("n + 1", "n"), SUM),
}


def marks(course: Course, folder: str) -> dict:
    with course.gradebook() as gb:
        submission = gb.find_submission("ps1", folder)
        return {(one.notebook, one.cell): one.points for one in gradebook.marks(submission)}


@pytest.mark.slow
def test_is_the_quickstart_course_graded_as_stock_nbgrader_grades_it(tmp_path):
    stock = quickstart(tmp_path)
    done = nbgrader_says(stock, "generate_assignment", "ps1", "--create")
    assert done.returncode == 0, done.stderr
    for learner, sources in MORE.items():
        shutil.copytree(stock / "release" / "ps1", stock / "submitted" / learner / "ps1")
        path = stock / "submitted" / learner / "ps1" / "problem1.ipynb"
        nbformat.write(answers(nbformat.read(path, 4), *sources), path)
    done = nbgrader_says(stock, "autograde", "ps1", "--create")
    assert done.returncode == 0, done.stderr
    (tmp_path / "sources").mkdir()
    shutil.copytree(stock / "source" / "ps1", tmp_path / "sources" / "ps1")

    ours = Course.make(tmp_path / "ours", tmp_path / "sources", CONFIG_FILE)
    header = stock / "source" / "header.ipynb"
    config = ours.root / "nbgrader_config.py"
    # Their learners got nbgrader's own stubs, and an untouched answer is told by its stub.
    stub = "# YOUR CODE HERE\nraise NotImplementedError()"
    config.write_text(
        f"{config.read_text()}\n"
        f"c.IncludeHeaderFooter.header = {str(header)!r}\n"
        f"c.ClearSolutions.code_stub = {{'python': {stub!r}}}\n"
        "c.ClearSolutions.text_stub = 'YOUR ANSWER HERE'\n"
    )
    ours = Course(ours.root)
    release(ours, "ps1")
    shutil.copytree(stock / "submitted", ours.step("submitted"), dirs_exist_ok=True)
    results = list(grading.grade(ours, grading.pending(ours), How(workers=0)))
    assert {one.result for one in results} == {"graded"}

    config = stock / "nbgrader_config.py"
    config.write_text(
        "c = get_config()\n"
        f"c.CourseDirectory.db_url = 'sqlite:///{stock}/gradebook.db'\n"
        f"c.CourseDirectory.root = {str(stock)!r}\n"
        "c.CourseDirectory.course_id = 'course'\n"
    )
    learners = [one.job.folder for one in results]
    assert sorted(learners) == sorted([*MORE, "bitdiddle", "hacker"])
    for learner in learners:
        assert marks(ours, learner) == marks(Course(stock), learner), learner
    # This check takes `squares` away, to see whether it is called.
    taken_away = ("problem1", "sum_of_squares_uses_squares")
    found = {learner: marks(ours, learner)[taken_away] for learner in MORE}
    assert found == {"right": 0.5, "by-itself": 0.0, "half": 0.5}
