"""What a lesson is made of, and the bench it is written on.

The instructor's notebook is the only source. A cell's id says what it is (`m07_t3` an
answer, `m07_t3_check_ties` a check …), so nbgrader's metadata follow from ids and points.
Cells tagged "self-study" are left out of the seminar edition.

    python -m course.lesson unpack m07 > m07.py     # as a percent script
    python -m course.lesson pack m07.py             # back, with outputs made by running it
    python -m course.lesson run m07                 # run and store outputs again
    python -m course.lesson try m07                 # the answer bank against the checks, quickly

Cells that repeat what is written elsewhere (at a glance, objectives, what you can now do,
glossary, sources) are made from the syllabus, the notebook's own points, the glossary and the
bibliography. The first use of each word of the glossary is linked when a lesson is packed.
"""

import contextlib
import io
import re
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import glossary, syllabus
from course.places import ANSWERS
from course.syllabus import Module

ANSWER = re.compile(r"^m\d\d_t\d+$")
CHECK = re.compile(r"^(m\d\d_t\d+)_check(_[a-z0-9_]+)?$")
FREE = re.compile(r"^m\d\d_(predict_answer|declaration|key|notes_[a-z]+|try_[a-z0-9_]+)$")
SELF_STUDY = re.compile(r"^m\d\d_(compare|mark)(_[a-z0-9]+)?$")
KEEP = re.compile(r"m\d\d_keep")
MADE = re.compile(r"m\d\d_(glance|objectives|cando|glossary|sources)")


def role(cell_id: str) -> str:
    """`answer`, `check`, `free` or `locked`."""
    for name, pattern in {"answer": ANSWER, "check": CHECK, "free": FREE}.items():
        if pattern.match(cell_id):
            return name
    return "locked"


def task_of(cell_id: str) -> str | None:
    """`m07_t3` for any cell of that task."""
    found = re.match(r"^m\d\d_t\d+", cell_id)
    return found[0] if found else None


def points(nb: NotebookNode) -> dict[str, float]:
    """Points by graded cell id, in notebook order."""
    marked = (cell.metadata.get("nbgrader", {}) for cell in nb.cells)
    return {m["grade_id"]: m["points"] for m in marked if m.get("grade")}


def dress(nb: NotebookNode, given: dict[str, float]) -> NotebookNode:
    """Give every cell nbgrader's metadata by its role; `given` are the points."""
    for cell in nb.cells:
        what = role(cell.id)
        written = what == "answer" and cell.cell_type == "markdown"
        cell.metadata = NotebookNode()
        if what == "free":
            continue
        graded = what == "check" or written
        cell.metadata.nbgrader = NotebookNode(
            cell_type=cell.cell_type,
            grade=graded,
            grade_id=cell.id,
            locked=what in ("check", "locked"),
            schema_version=3,
            solution=what == "answer",
            task=False,
        )
        if graded:
            if cell.id not in given:
                raise ValueError(f"{cell.id} is graded but states no points")
            cell.metadata.nbgrader.points = given[cell.id]
        if what in ("check", "locked"):
            cell.metadata.editable = False
            cell.metadata.deletable = False
        if SELF_STUDY.match(cell.id):
            cell.metadata.tags = ["self-study"]
        elif KEEP.fullmatch(cell.id):
            cell.metadata.tags = ["own-output"]  # what it says here is not for learners
    return nb


def made(module: Module, nb: NotebookNode) -> dict[str, str]:
    """The cells that are made, by id."""
    texts = {
        "glance": _glance(module, nb),
        "objectives": _objectives(module),
        "cando": _can_do(module, nb),
        "glossary": glossary.table(module.id),
        "sources": _sources(module),
    }
    return {f"{module.id}_{name}": text for name, text in texts.items() if text}


def prose(nb: NotebookNode) -> list[NotebookNode]:
    """The cells a learner reads after the title: neither made nor for answers."""
    return [
        cell
        for cell in nb.cells[1:]
        if cell.cell_type == "markdown"
        and role(cell.id) == "locked"
        and not MADE.fullmatch(cell.id)
    ]


def _say(number: float) -> str:
    return f"{number:g}"


def _glance(module: Module, nb: NotebookNode) -> str:
    kinds: dict[str, float] = {}
    cells = {cell.id: cell for cell in nb.cells}
    for cell_id, worth in points(nb).items():
        written = cells[cell_id].cell_type == "markdown"
        kinds["written"] = kinds.get("written", 0) + (worth if written else 0)
        kinds["automatic"] = kinds.get("automatic", 0) + (0 if written else worth)
    order = syllabus.modules()
    place = order.index(module)
    neighbour = {
        "Before": order[place - 1] if place else None,
        "After": order[place + 1] if place + 1 < len(order) else None,
    }
    total = sum(kinds.values())
    one_text = sum(cells[cell_id].cell_type == "markdown" for cell_id in points(nb)) == 1
    writing = "; for many, 40 more to write the last answer" if one_text else ""
    rows = [
        (
            "Time",
            f"{module.minutes_to_read} minutes to read, {module.minutes_to_do} to do" + writing,
        ),
        (
            "Points",
            f"{_say(total)}: {_say(kinds['automatic'])} marked by checks, "
            f"{_say(kinds['written'])} by a reader"
            if total
            else "none; this lesson is not graded",
        ),
        *(
            (word, f"module {one.number}, {one.title}" if one else "nothing")
            for word, one in neighbour.items()
        ),
        ("A good place to stop", _stop(module, nb)),
    ]
    return "\n".join(
        ["## At a glance", "", "| | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]
    )


def _stop(module: Module, nb: NotebookNode) -> str:
    tasks = list(dict.fromkeys(task_of(cell.id) for cell in nb.cells if role(cell.id) == "answer"))
    middle = tasks[len(tasks) // 2 - 1] if tasks else None
    return f"after task {module.number}.{middle.split('_t')[1]}" if middle else "anywhere"


def _objectives(module: Module) -> str:
    lines = (f"- **{code}** {text}" for code, text in module.coded_objectives().items())
    return "\n".join(["## Objectives", "", "After this lesson you can:", "", *lines])


def tasks_by_objective(module: Module, nb: NotebookNode) -> dict[str, list[str]]:
    """`{"O7.1": ["7.1"]}`, from the codes that task prompts cite."""
    found: dict[str, list[str]] = {code: [] for code in module.coded_objectives()}
    for cell in nb.cells:
        prompt = re.match(r"^#+ Task (\d+\.\d+)", cell.source)
        if prompt and cell.cell_type == "markdown":
            for code in re.findall(r"\bO\d+\.\d+\b", cell.source):
                found.setdefault(code, []).append(prompt[1])
    return found


def _can_do(module: Module, nb: NotebookNode) -> str:
    shown = tasks_by_objective(module, nb)
    lines = []
    for code, text in module.coded_objectives().items():
        tasks = ", ".join(shown[code])
        word = "tasks" if len(shown[code]) > 1 else "task"
        lines.append(f"- **{code}** {text}" + (f" Shown in {word} {tasks}." if tasks else ""))
    return "\n".join(["## What you can now do", "", *lines])


def _sources(module: Module) -> str:
    from course.data import card

    lines = ["## Sources", ""]
    if module.readings:
        lines += ["Readings:", "", *(f"- {syllabus.cite(key)}" for key in module.readings), ""]
    lines += [
        "Data:",
        "",
        *(f"- `{name}`: {card(name).resource['citation']['text']}" for name in module.datasets),
    ]
    return "\n".join(lines)


def unpack(nb: NotebookNode) -> str:
    """The notebook as a percent script, outputs left out."""
    import jupytext

    plain = nbformat.v4.new_notebook(metadata={"kernelspec": nb.metadata.kernelspec})
    for cell in nb.cells:
        new = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
        metadata = {"key": cell.id}
        if "points" in cell.metadata.get("nbgrader", {}):
            metadata["points"] = cell.metadata.nbgrader.points
        if MADE.fullmatch(cell.id):
            plain.cells.append(new("(made)", metadata=metadata))
        else:
            plain.cells.append(new(glossary.unlink(cell.source), metadata=metadata))
    return jupytext.writes(plain, fmt="py:percent")


def pack(script: str) -> tuple[Module, NotebookNode]:
    """The notebook from a percent script, without outputs."""
    import jupytext

    nb = jupytext.reads(script, fmt="py:percent")
    given = {}
    for cell in nb.cells:
        if "key" not in cell.metadata:
            raise ValueError(f'this cell has no key="…":\n{cell.source[:200]}')
        cell.id = cell.metadata.key
        if "points" in cell.metadata:
            given[cell.id] = cell.metadata.points
        cell.source = glossary.unlink(cell.source)
    module = syllabus.module(nb.cells[0].id.split("_")[0])
    _give_words_a_place(module, nb)
    nb = dress(nb, given)
    texts = made(module, nb)
    for cell in nb.cells:
        if cell.id in texts:
            if cell.source != "(made)":
                raise ValueError(f"{cell.id} is made: write (made) here, or give it another key.")
            cell.source = texts[cell.id]
    glossary.link(prose(nb), module.id)
    nb.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    nb.nbformat, nb.nbformat_minor = 4, 5
    nbformat.validate(nb)
    return module, nb


def _give_words_a_place(module: Module, nb: NotebookNode) -> None:
    """Before the sources, in a lesson that has words and no cell for them yet."""
    ids = [cell.id for cell in nb.cells]
    words, sources = f"{module.id}_glossary", f"{module.id}_sources"
    if glossary.terms(module.id) and words not in ids and sources in ids:
        cell = nbformat.v4.new_markdown_cell("(made)", id=words)
        nb.cells.insert(ids.index(sources), cell)


def run(nb: NotebookNode, folder: Path) -> NotebookNode:
    """Run it from top to bottom in its folder and keep the outputs, nothing else."""
    from nbclient import NotebookClient

    NotebookClient(
        nb,
        timeout=120,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    for number, cell in enumerate((c for c in nb.cells if c.cell_type == "code"), start=1):
        cell.metadata.pop("execution", None)
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    nb.metadata.language_info = NotebookNode(name="python")
    return nb


def bank(module: Module) -> dict[str, list[dict]]:
    """The answer bank of a module: `{"m07_t2": [{"name", "loses", "code"}]}`."""
    return tomllib.loads((ANSWERS / f"{module.folder}.toml").read_text("utf-8"))


def lost_checks(module: Module, task: str, code: str) -> dict[str, str]:
    """Check cells that fail for one answer, run in this process: `{id: what it said}`.

    For answers one trusts, such as the bank's: there is no sandbox here.
    """
    import matplotlib
    import matplotlib.pyplot as plt

    matplotlib.use("Agg")
    space: dict = {"__name__": "__main__"}
    failed = {}
    for cell in nbformat.read(module.notebook, as_version=4).cells:
        if cell.cell_type != "code" or SELF_STUDY.match(cell.id) or KEEP.fullmatch(cell.id):
            continue
        if cell.id == task:
            # As in a class: the checks run even if the answer cell stopped half-way.
            with contextlib.suppress(Exception):
                exec(compile(code, task, "exec"), space)
        elif role(cell.id) == "locked":
            with contextlib.redirect_stdout(io.StringIO()):
                _run_locked(cell.source, cell.id, space)
        elif role(cell.id) == "check" and task_of(cell.id) == task:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(cell.source, cell.id, "exec"), space)
            except Exception as error:
                failed[cell.id] = f"{type(error).__name__}: {error}"
    plt.close("all")
    return failed


def _run_locked(source: str, name: str, space: dict) -> None:
    """Locked cells may use answers of other tasks, which are not there: leave those out."""
    with contextlib.suppress(NameError):
        exec(compile(source, name, "exec"), space)


def try_bank(module: Module) -> bool:
    """Print every bank answer that does not lose exactly what it says."""
    answers = [(task, one) for task, many in bank(module).items() for one in many]
    wrong = 0
    for task, one in answers:
        lost = lost_checks(module, task, one["code"])
        if sorted(lost) != sorted(one["loses"]):
            wrong += 1
            print(f"{task} · {one['name']}\n  should lose {one['loses']}\n  loses {lost}")
    print(f"{module.folder}: {len(answers)} answers, {wrong} surprises")
    return not wrong


def main(arguments: list[str]) -> None:
    """The bench; see the top of this file."""
    command, what = arguments
    if command == "unpack":
        sys.stdout.write(unpack(nbformat.read(syllabus.module(what).notebook, as_version=4)))
        return
    if command == "try":
        raise SystemExit(0 if try_bank(syllabus.module(what)) else 1)
    if command == "pack":
        module, nb = pack(Path(what).read_text("utf-8"))
    elif command == "run":
        module = syllabus.module(what)
        nb = nbformat.read(module.notebook, as_version=4)
    else:
        raise SystemExit(__doc__)
    module.notebook.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, module.notebook)
    nbformat.write(run(nb, module.notebook.parent), module.notebook)
    print(f"{module.notebook.name}: {len(nb.cells)} cells, {sum(points(nb).values()):g} points")


if __name__ == "__main__":
    main(sys.argv[1:])
