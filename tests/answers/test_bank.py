"""The answer bank through the real pipelines: every answer must get exactly its marks.

The k-th answers of all tasks are packed into notebook k, so that a module's bank is a dozen
or so notebooks. They go through the engine and through stock nbgrader with its own
preprocessors; both must give what the bank says, check by check. Stock nbgrader is given
kernels that are forked from a warm one, which saves loading pandas 250 times; one module has
plain kernels. Left out: written answers, which a reader marks, and hostile ones
(`tests/threats`).
"""

import json

import nbformat
import pytest

from autograder import bank, gradebook, stock
from autograder.classroom import Course
from autograder.intake.collect import collect_folder
from autograder.kernels import provisioner, sandbox
from autograder.release import release
from autograder.runner import course as desk
from autograder.runner import one
from course import lesson, syllabus
from course.places import ANSWERS, CONFIG, NOTEBOOKS

pytestmark = pytest.mark.slow

MODULES = [module.folder for module in syllabus.modules()]

#: The module that stock nbgrader grades in kernels it starts by itself.
PLAIN = "m01_claims_and_concepts"


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    root = tmp_path_factory.mktemp("bank") / "course"
    return Course.make(root, NOTEBOOKS, CONFIG.read_text("utf-8"))


def packed(course: Course, module: str) -> list[tuple[nbformat.NotebookNode, dict[str, float]]]:
    """The module, released if it is not yet, with its answers in it."""
    (name,) = course.notebooks(module)
    if not (course.step("release") / module).exists():
        release(course, module)
    released = nbformat.read(course.step("release") / module / f"{name}.ipynb", as_version=4)
    return bank.pack(released, bank.read(ANSWERS / f"{module}.toml"))


def counted(how: str, module: str, count: int, accepts: list, rejects: list) -> str:
    answers = sum(len(many) for many in bank.read(ANSWERS / f"{module}.toml").values())
    return (
        f"{how}, {module}: {answers} answers in {count} notebooks, "
        f"false accepts {len(accepts)}, false rejects {len(rejects)}"
    )


def judged(number: int, expected: dict, got: dict, accepts: list, rejects: list) -> None:
    for check, due in expected.items():
        if got.get(check) != due:
            (accepts if (got.get(check) or 0) > due else rejects).append((number, check, got, due))


@pytest.mark.parametrize("module", MODULES)
def test_does_the_engine_give_every_answer_its_marks(course, module, tell):
    (name,) = course.notebooks(module)
    notebooks = packed(course, module)
    source = course.step("source") / module / f"{name}.ipynb"
    settings = course.engine.settings(sandbox.choose())
    edition = desk.edition(course, module, name, "")
    worth = desk.points(source.read_text("utf-8"))
    answered = bank.read(ANSWERS / f"{module}.toml")
    accepts, rejects = [], []
    for number, (nb, expected) in enumerate(notebooks):
        result = json.loads(one.grade_one(edition.job(nbformat.writes(nb), settings)))
        assert result["result"] == "graded", result
        judged(number, expected, result["scores"], accepts, rejects)
        # Checks without points, as in an ungraded lesson: which passed, not what they earn.
        passed = {
            cell.id: not any(out.output_type == "error" for out in cell.outputs)
            for cell in nbformat.reads(result["notebook"], as_version=4).cells
            if cell.id in expected and not worth[cell.id] and lesson.task_of(cell.id) in answered
        }
        lost = lost_in(module, number)
        judged(number, {x: x not in lost for x in passed}, passed, accepts, rejects)
    one.close_rooms()
    tell(counted("engine", module, len(notebooks), accepts, rejects))
    assert (accepts, rejects) == ([], [])


def lost_in(module: str, number: int) -> set[str]:
    """The checks that notebook `number` of the packed bank must lose."""
    answers = bank.read(ANSWERS / f"{module}.toml").values()
    chosen = [many[number] if number < len(many) else bank.first_right(many) for many in answers]
    return {check for answer in chosen for check in answer.loses}


@pytest.mark.parametrize("module", [x for x in MODULES if not x.startswith("m00")])
def test_does_stock_nbgrader_give_every_answer_the_same_marks(
    course, module, tell, tmp_path, fork_kernels
):
    from nbgrader.converters import Autograde

    stocked = Course(course.root)
    del stocked.config["Autograde"]
    (name,) = stocked.notebooks(module)
    notebooks = packed(stocked, module)
    if module != PLAIN:
        stocked.config.Execute.kernel_name = "mildip-sandbox"
        fork_kernels(stocked, [stocked.step("source") / module / f"{name}.ipynb"])
    for number, (nb, _) in enumerate(notebooks):
        path = tmp_path / "in" / f"pack-{number:02d}" / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(nb, path)
    collect_folder(stocked, tmp_path / "in", [module])
    accepts, rejects = [], []
    for number, (_, expected) in enumerate(notebooks):
        folder = stocked.roster.enrol(f"pack-{number:02d}").folder
        stock.run(Autograde, stocked, module, folder, force=True)
        with stocked.gradebook() as gb:
            got = {
                mark.cell: mark.points
                for mark in gradebook.marks(gb.find_submission(module, folder))
            }
        judged(number, expected, got, accepts, rejects)
    provisioner.close_rooms()
    tell(counted("stock nbgrader", module, len(notebooks), accepts, rejects))
    assert (accepts, rejects) == ([], [])
