"""How fast the engine grades, beside stock nbgrader and beside the bare cells.

One course on disk, graded four ways from the same submissions:

- `stock`: nbgrader's own Autograde in a plain configuration, one call a module;
- the engine, as `mildip grade` runs it, with one worker and with its usual number, cache off;
- the `floor`: set-up, answer and check cells once each, by the engine's own shell, in forked
  processes without walls, one a core, libraries loaded before. Only the cells are timed.

Rates are notebooks a second. Nobody's start counts: stock has its imports done, and the
engine's clock starts once every worker has had the time to grade WARM notebooks, and stops when
the first has nothing left to do. Everything is measured twice, the second time in the opposite
order.
"""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.converters import Autograde

from autograder import bank, gradebook, grading, stock
from autograder.bank import Answer
from autograder.classroom import Course
from autograder.grading import How
from autograder.intake.rebuild import is_check, rebuild
from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import Sandbox, View, choose
from autograder.release import release
from autograder.runner import course as desk
from autograder.runner import run as runner
from autograder.runner.one import Rooms, Settings, imports
from autograder.settings import CONFIG_FILE

Track = Callable[[str, int], Callable[[], None]]
Marks = dict[tuple[str, str], dict[str, float | None]]
HandedIn = dict[str, list[NotebookNode]]
#: Notebooks, and the seconds that they took.
Spell = tuple[int, float]
Fill = Callable[[Course, str, NotebookNode], list[NotebookNode]]

#: Notebooks a worker grades before the clock starts.
WARM = 2

#: Learner processes in a room when the memory of one more is measured.
NEIGHBOURS = 3

#: All that stock nbgrader is told: folders, the gradebook's place, and to let kernels keep
#: their warnings about sockets to themselves.
PLAIN_CONFIG = """
from pathlib import Path

c = get_config()
root = Path(__file__).absolute().parent
c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "course"
c.CourseDirectory.source_directory = "notebooks"
c.CourseDirectory.db_url = f"sqlite:///{root}/classroom/gradebook.db"
c.CourseDirectory.release_directory = "classroom/release"
c.CourseDirectory.submitted_directory = "classroom/submitted"
c.CourseDirectory.autograded_directory = "classroom/autograded"
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=40"]
"""

#: Runs all cells of a notebook in one request, so that no message is timed.
ALL_AT_ONCE = """
def _bench(cells):
    from time import perf_counter
    began = perf_counter()
    for cell in cells:
        get_ipython().run_cell(cell)
    return perf_counter() - began
_seconds = _bench({cells!r})
"""

PSS = """
_pss = next(
    int(line.split()[1]) for line in open("/proc/self/smaps_rollup") if line.startswith("Pss:")
)
"""


@dataclass(frozen=True)
class Speed:
    """Rates in notebooks a second; `cells_s` is the mean time of a notebook's bare cells.

    `engine_with_start_per_s` counts from the call; `kernel_pss_mb` is the memory that one more
    learner process takes once it has run a whole notebook."""

    submissions: int
    stock_per_s: float
    engine_one_worker_per_s: float
    engine_per_s: float
    engine_with_start_per_s: float
    floor_per_s: float
    ratio_to_stock: float
    share_of_floor: float
    cells_s: float
    kernel_pss_mb: float
    marks_equal: bool
    marks_differing: list[str]


def bench(course: Course, handed_in: HandedIn, sandbox: str, track: Track) -> dict[str, Speed]:
    """Every module of a new course, measured on its own.

    `handed_in` holds released notebooks with answers; `course` is released here. Raises
    NoSandbox if the wanted kind does not run here."""
    kind = choose(sandbox)
    course.engine.sandbox, course.engine.cache = kind, False
    plain = _plain_copy(course)
    return {
        module: _module(course, plain, module, track, notebooks, kind)
        for module, notebooks in handed_in.items()
    }


def prepared(root: Path, notebooks: Path, config: str, fill: Fill) -> tuple[Course, HandedIn]:
    """A new course, released, with what `fill` makes of each released notebook handed in."""
    course = Course.make(root, notebooks, config)
    handed_in = {}
    for module in course.modules():
        if not release(course, module).automatic_points:
            continue  # nothing to grade
        (name,) = course.notebooks(module)
        path = course.step("release") / module / f"{name}.ipynb"
        filled = fill(course, module, nbformat.read(path, as_version=4))
        for number, nb in enumerate(filled, start=1):
            folder = course.step("submitted") / f"learner-{number:03d}" / module
            folder.mkdir(parents=True)
            nbformat.write(nb, folder / path.name)
        if filled:
            handed_in[module] = filled
    return course, handed_in


def from_bank(answers: Path, chosen: list[str] | None) -> Fill:
    """Answers modules from their banks: every answer of a bank in as few notebooks as can be.

    `chosen` are modules by any of their names; all with a bank if none are named."""

    def fill(course: Course, module: str, nb: NotebookNode) -> list[NotebookNode]:
        path = answers / f"{module}.toml"
        if module not in course.chosen(chosen) or not path.exists():
            return []
        return [filled for filled, _ in bank.pack(nb, bank.read(path))]

    return fill


def together(speeds: dict[str, Speed]) -> Speed:
    """Several modules as one course: all notebooks over all the time they took."""
    each = list(speeds.values())
    count = sum(one.submissions for one in each)

    def rate(name: str) -> float:
        return count / sum(one.submissions / getattr(one, name) for one in each)

    rates = {name: rate(name) for name in Speed.__annotations__ if name.endswith("_per_s")}
    return Speed(
        submissions=count,
        **rates,
        ratio_to_stock=rates["engine_per_s"] / rates["stock_per_s"],
        share_of_floor=rates["engine_per_s"] / rates["floor_per_s"],
        cells_s=sum(one.cells_s * one.submissions for one in each) / count,
        kernel_pss_mb=max(one.kernel_pss_mb for one in each),
        marks_equal=all(one.marks_equal for one in each),
        marks_differing=[name for one in each for name in one.marks_differing],
    )


def _module(
    course: Course, plain: Course, module: str, track: Track, notebooks: list, kind: str
) -> Speed:
    """Each way once forth and once back, so that a machine that slows down slows all alike."""
    count, cores, workers = len(notebooks), runner.cores(), runner.workers()
    jobs = [job for job in grading.pending(course) if job.module == module]
    (name,) = course.notebooks(module)
    present = desk.edition(course, module, name, jobs[0].edition)
    settings = Settings(**course.engine.settings(kind))
    differing: set[str] = set()

    def engine(workers: int, step: Callable[[], None]) -> tuple[Spell, Spell]:
        spells = _engine(course, jobs, workers, step)
        differing.update(_differing(_marks(course, module), _marks(plain, module)))
        return spells

    ways: dict[str, Callable[[Callable[[], None]], tuple[Spell, ...]]] = {
        "stock": lambda step: (_stock(plain, module, step),),
        "one worker": lambda step: engine(1, step),
        f"{workers} workers": lambda step: engine(workers, step),
        "floor": lambda step: (_floor(present, settings, notebooks, cores, step),),
    }
    took: dict[str, list[tuple[Spell, ...]]] = {way: [] for way in ways}
    for way in [*ways, *reversed(ways)]:
        took[way].append(ways[way](track(f"{module.split('_')[0]} {way}", count)))
    (stock_spell,), (one_worker, _), (engine_spell, whole), (floor,) = (
        [
            (sum(n for n, _ in spells), sum(s for _, s in spells))
            for spells in zip(*turns, strict=True)
        ]
        for turns in took.values()
    )

    def rate(spell: Spell) -> float:
        return spell[0] / spell[1]

    return Speed(
        submissions=count,
        stock_per_s=rate(stock_spell),
        engine_one_worker_per_s=rate(one_worker),
        engine_per_s=rate(engine_spell),
        engine_with_start_per_s=rate(whole),
        floor_per_s=cores * rate(floor),
        ratio_to_stock=rate(engine_spell) / rate(stock_spell),
        share_of_floor=rate(engine_spell) / (cores * rate(floor)),
        cells_s=1 / rate(floor),
        kernel_pss_mb=_kernel_pss_mb(present, settings, notebooks[0]),
        marks_equal=not differing,
        marks_differing=sorted(differing),
    )


# Stock nbgrader.


def _plain_copy(course: Course) -> Course:
    root = course.root.with_name(f"{course.root.name}-stock")
    shutil.copytree(course.root, root)
    (root / "nbgrader_config.py").write_text(PLAIN_CONFIG, encoding="utf-8")
    return Course(root)


def _stock(plain: Course, module: str, step: Callable[[], None]) -> Spell:
    class Counted(Autograde):
        def convert_single_notebook(self, notebook_filename):
            super().convert_single_notebook(notebook_filename)
            counted.append(notebook_filename)
            step()

    counted: list[str] = []
    began = time.perf_counter()
    stock.run(Counted, plain, module, force=True)
    return len(counted), time.perf_counter() - began


# The engine.


def _engine(
    course: Course, jobs: list, workers: int, step: Callable[[], None]
) -> tuple[Spell, Spell]:
    """With every worker warm and at work, and counted from the call."""
    began, at = time.perf_counter(), []
    for _ in grading.grade(course, jobs, How(workers=workers)):
        at.append(time.perf_counter())
        step()
    warm = min(WARM * workers, len(at) - 1)
    since = at[warm - 1] if warm else began
    last = max(warm, len(at) - workers)  # after it, one has nothing left to do
    return (last - warm + 1, at[last] - since), (len(at), at[-1] - began)


# The floor.


def _floor(
    present: desk.Edition,
    settings: Settings,
    notebooks: list[NotebookNode],
    cores: int,
    step: Callable[[], None],
) -> Spell:
    """The bare cells of every notebook, with all cores busy: seconds of one core."""
    source, released = (nbformat.reads(one, 4) for one in (present.source, present.released))
    programs = [
        [cell.source for cell in rebuild(source, released, nb).nb.cells if cell.cell_type == "code"]
        for nb in notebooks
    ]
    files = {name: bytes.fromhex(text) for name, text in present.files}
    waiting = iter(programs)

    def core(room: Sandbox) -> list[float]:
        seconds = []
        for cells in waiting:
            process = room.fork()
            process.ask({"do": "run", "source": ALL_AT_ONCE.format(cells=cells)}, 600.0)
            seconds.append(process.ask({"do": "fetch", "name": "_seconds"}, 10.0)["value"])
            room.clean()
            step()
        return seconds

    rooms = []
    try:
        for _ in range(cores):
            rooms.append(Sandbox("none", View(), Limits(**settings.limits)))
            rooms[-1].prepare([*settings.modules, *imports(source)], files)
        with ThreadPoolExecutor(cores) as pool:
            seconds = [one for part in pool.map(core, rooms) for one in part]
            return len(seconds), sum(seconds)
    finally:
        for room in rooms:
            room.close()


# Memory.


def _kernel_pss_mb(present: desk.Edition, settings: Settings, nb: NotebookNode) -> float:
    """Rise in the room's memory (PSS) from NEIGHBOURS learner processes to one more.

    Each has run all cells of the notebook; PSS counts a shared page in parts."""
    source, released = (nbformat.reads(one, 4) for one in (present.source, present.released))
    files = {name: bytes.fromhex(text) for name, text in present.files}
    theirs = [
        cell.source
        for cell in rebuild(source, released, nb).nb.cells
        if cell.cell_type == "code" and not is_check(cell)
    ]
    rooms = Rooms(settings, source, files)
    opened = {cell.source for cell in rooms.opening}
    try:
        processes, sums = [], []
        for _ in range(NEIGHBOURS + 1):
            processes.append(rooms.learner.fork())
            for cell in (one for one in theirs if one not in opened):
                processes[-1].ask({"do": "run", "source": cell}, 120.0)
            sums.append(rooms.learner.pss_kb() + sum(map(_own_pss_kb, processes)))
        return (sums[-1] - sums[-2]) * 1024 / 1e6
    finally:
        rooms.close()


def _own_pss_kb(process) -> int:
    """As the process says itself: nobody else without root's rights may look."""
    process.ask({"do": "run", "source": PSS}, 10.0)
    return process.ask({"do": "fetch", "name": "_pss"}, 10.0)["value"]


# Marks.


def _marks(course: Course, module: str) -> Marks:
    found = {}
    with course.gradebook() as gb:
        for submission in gb.assignment_submissions(module):
            found[submission.student.id] = {
                mark.cell: mark.points for mark in gradebook.marks(submission) if not mark.written
            }
    return found


def _differing(some: dict, others: dict) -> set[str]:
    """`learner: check` wherever two gradings do not give the same."""
    return {
        f"{learner}: {cell}"
        for learner in some.keys() | others.keys()
        for cell in some.get(learner, {}).keys() | others.get(learner, {}).keys()
        if some.get(learner, {}).get(cell) != others.get(learner, {}).get(cell)
    }


# A course of short cells.

SHORT = "m01_short_cells"

_SETUP = """
import numpy as np
import pandas as pd

draw = np.random.default_rng(5)
trips = pd.DataFrame(
    {
        "town": draw.integers(0, 300, 30_000),
        "day": draw.integers(0, 360, 30_000),
        "km": draw.integers(1, 90, 30_000),
    }
)
few = trips.head(40)
"""

_PER_TOWN = ("""
def per_town(frame):
    return frame.groupby("town")["km"].agg(["count", "sum", "max", "median"])

towns = per_town(trips)
""", """
assert list(towns.columns) == ["count", "sum", "max", "median"]
assert towns["count"].sum() == len(trips)
### BEGIN HIDDEN TESTS
assert per_town(few)["sum"].sum() == few["km"].sum()
assert per_town(trips)["max"].equals(trips.groupby("town")["km"].max().rename("max"))
### END HIDDEN TESTS
""", ('"count", "sum", "max"', '"count", "sum", "min"'))  # fmt: skip

_LONGEST = ("""
def longest(frame):
    ordered = frame.sort_values(["km", "day", "town"], ascending=[False, True, True])
    return ordered.drop_duplicates("town").set_index("town")["km"].sort_index()

far = longest(trips)
""", """
assert far.equals(trips.groupby("town")["km"].max())
### BEGIN HIDDEN TESTS
assert longest(few).equals(few.groupby("town")["km"].max())
### END HIDDEN TESTS
""", ("[False, True, True]", "[True, True, True]"))  # fmt: skip

_MONTHS = ("""
def by_month(frame):
    dated = frame.assign(month=frame["day"] // 30)
    return dated.pivot_table(index="town", columns="month", values="km", aggfunc="mean")

table = by_month(trips)
best = table.idxmax(axis=1).value_counts()
""", """
assert table.shape == (300, 12)
### BEGIN HIDDEN TESTS
assert by_month(few).shape[0] == few["town"].nunique()
### END HIDDEN TESTS
""", ("// 30", "// 31"))  # fmt: skip

_CHAINS = ("""
def steps(n):
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count

most = max(range(1, 18_000), key=steps)
""", """
assert steps(1) == 0
### BEGIN HIDDEN TESTS
assert most == 17647
assert [steps(n) for n in (2, 3, 6, 7)] == [1, 7, 8, 16]
### END HIDDEN TESTS
""", ("count = 0", "count = 1"))  # fmt: skip

_WORDS = ("""
def counts(text):
    found = {}
    for word in text.lower().split():
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

names = " ".join(f"Town{n % 611}" for n in range(60_000))
first = next(iter(counts(names)))
""", """
assert counts("b a b") == {"b": 2, "a": 1}
### BEGIN HIDDEN TESTS
assert list(counts("c B a b")) == ["b", "a", "c"]
assert first == "town0"
### END HIDDEN TESTS
""", ("text.lower()", "text"))  # fmt: skip

_TASKS = {
    "per_town": _PER_TOWN,
    "longest": _LONGEST,
    "by_month": _MONTHS,
    "steps": _CHAINS,
    "counts": _WORDS,
}


def short_course(root: Path, count: int) -> tuple[Course, HandedIn]:
    """A course of one notebook whose cells take some tenths of a second, handed in `count`
    times, each time with other tasks right and wrong."""
    sources = root.with_name(f"{root.name}-sources")
    (sources / SHORT).mkdir(parents=True)
    nbformat.write(_short_notebook(), sources / SHORT / f"{SHORT.split('_', 1)[1]}.ipynb")

    def fill(course: Course, module: str, nb: NotebookNode) -> list[NotebookNode]:
        return [bank.fill(nb, _answers(number))[0] for number in range(count)]

    return prepared(root, sources, CONFIG_FILE, fill)


def _answers(number: int) -> dict[str, Answer]:
    """Task k is wrong where the k-th binary digit of `number` is 1."""
    return {
        name: Answer(name, (), answer.replace(*change) if number >> place & 1 else answer)
        for place, (name, (answer, _, change)) in enumerate(_TASKS.items())
    }


def _short_notebook() -> NotebookNode:
    cells = [_labelled(new_code_cell(_SETUP.strip()), "setup", locked=True)]
    for name, (answer, check, _) in _TASKS.items():
        solution = f"### BEGIN SOLUTION\n{answer.strip()}\n### END SOLUTION"
        cells += [
            _labelled(new_markdown_cell(f"Write `{name}`."), f"{name}_text", locked=True),
            _labelled(new_code_cell(solution), name, solution=True),
            _labelled(new_code_cell(check.strip()), f"{name}_check", grade=True, locked=True),
        ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _labelled(cell: NotebookNode, grade_id: str, **flags: bool) -> NotebookNode:
    label = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    label |= {"grade_id": grade_id, "schema_version": 3, "cell_type": cell.cell_type}
    if label["grade"]:
        label["points"] = 2
    cell.metadata["nbgrader"], cell["id"] = label, grade_id
    return cell
