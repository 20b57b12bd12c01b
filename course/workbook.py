"""A learner's own work: keep it, restore it, mark it, see how far it has come.

Everything here looks at the *saved* notebook in the current folder. Nothing is sent
anywhere. Marks given here are for learning; a seminar's marks come from its instructor.
"""

import base64
import html
import json
import os
import shutil
from pathlib import Path

import nbformat
from IPython import get_ipython
from IPython.display import HTML, Markdown, display

from course import lesson, syllabus
from course.places import CONFIG
from course.syllabus import Module

PROGRESS_FILE = "my-progress.json"

#: A written answer shorter than this many words has not been tried yet.
ENOUGH_WORDS = 80


class NoWork(LookupError):
    """There is no saved notebook, or no kept work, where it was looked for."""


def keep_my_work(name: str, folder: Path | None = None) -> None:
    """Put the answers of the saved notebook into one small file and offer it for download."""
    module = syllabus.module(name)
    path = _own_notebook(module, folder)
    if path is None:
        return
    nb = nbformat.read(path, as_version=4)
    work = {
        "course": syllabus.course_id(),
        "module": module.folder,
        "edition": nb.metadata.get("mildip", {}).get("edition"),
        "answers": answers(nb),
    }
    kept = path.with_name(f"{module.id}-my-work.json")
    text = json.dumps(work, indent=1, ensure_ascii=False)
    kept.write_text(text, "utf-8")
    print(f"Kept {len(work['answers'])} cells of module {module.number} in {kept.name}.")
    for task in _newer_in_kernel(nb):
        print(
            f"Attention: {task} was run with other text than the saved one. Save, then run again."
        )
    link = base64.b64encode(text.encode()).decode()
    display(
        HTML(
            f'<a download="{kept.name}" href="data:application/json;base64,{link}">'
            f"Download {kept.name}</a>"
        )
    )


def restore_my_work(kept: str | Path, folder: Path | None = None) -> None:
    """Put kept answers back into the notebook of their module; a copy of it is left aside."""
    kept = Path(kept)
    if not kept.is_file():
        raise NoWork(f"There is no file {kept.name} here. Upload it beside the notebook first.")
    try:
        work = json.loads(kept.read_text("utf-8"))
    except ValueError:
        work = None
    if not isinstance(work, dict) or not isinstance(work.get("answers"), dict):
        raise NoWork(f"{kept.name} was not made by keep_my_work(); nothing was changed.")
    module = syllabus.module(work.get("module", ""))
    path = saved_notebook(module, folder)
    if path is None:
        raise NoWork(f"The notebook of module {module.number} is not in this folder.")
    nb = nbformat.read(path, as_version=4)
    shutil.copy2(path, path.with_name(f"{path.stem}-before-restore.ipynb"))
    put_back(nb, work["answers"])
    nbformat.write(nb, path)
    print(f"Restored {len(work['answers'])} cells. Now choose File > Reload Notebook from Disk.")
    if work.get("edition") != nb.metadata.get("mildip", {}).get("edition"):
        print("Your work is from another edition of this lesson: read it through once more.")


def mark_my_work(name: str, folder: Path | None = None) -> None:
    """Run all checks, hidden ones too, on the saved notebook and say what was earned."""
    module = syllabus.module(name)
    path = _own_notebook(module, folder)
    if path is None:
        return
    from autograder import alone

    for task in _newer_in_kernel(nbformat.read(path, as_version=4)):
        print(
            f"Attention: {task} was run with other text than the saved one. Save, then mark again."
        )
    rows = alone.mark(path, module.notebook, CONFIG.read_text("utf-8"))
    display(Markdown(_marks_table(rows)))
    _note_progress(module, rows, path.parent.parent)


def my_progress(folder: Path | None = None) -> dict[str, dict[str, float]]:
    """The last automatic marks of every module marked so far: `{"m07": {"points", "max"}}`."""
    place = (folder or Path.cwd().parent) / PROGRESS_FILE
    return json.loads(place.read_text("utf-8")) if place.is_file() else {}


def compare_my_answer(task: str, folder: Path | None = None) -> None:
    """After an attempt: the model answer, and three specimens to score before one's own."""
    module = syllabus.module(task.split("_")[0])
    path = _own_notebook(module, folder)
    if path is None:
        return
    mine = {c.get("id"): c.source for c in nbformat.read(path, as_version=4).cells}.get(task, "")
    words = len(mine.split())
    if words < ENOUGH_WORDS:
        print(
            f"Your saved answer has {words} words. Write at least {ENOUGH_WORDS}, save, and run "
            "this cell again: comparing helps most after an attempt."
        )
        return
    display(
        Markdown(specimens_text(task) + "\n\n#### Model answer\n\n" + model_answer(module, task))
    )


def saved_notebook(module: Module, folder: Path | None = None) -> Path | None:
    """The learner's notebook of a module in this folder; None for the instructor's own."""
    folder = folder or Path.cwd()
    path = folder / module.notebook.name
    found = path if path.is_file() else None
    for other in [] if found else sorted(folder.glob("*.ipynb")):
        if _metadata(other).get("module") == module.folder:
            found = other
    if found is None:
        raise NoWork(
            f"No saved notebook of module {module.number} in {folder.name}/. Save the notebook "
            f"(Ctrl+S) under its own name, {module.notebook.name}."
        )
    return found if _metadata(found) else None


def answers(nb: nbformat.NotebookNode) -> dict[str, str]:
    """Cell id -> text, for the cells a learner may write in."""
    return {
        cell.id: cell.source
        for cell in nb.cells
        if lesson.role(cell.get("id", "")) in ("answer", "free")
    }


def put_back(nb: nbformat.NotebookNode, kept: dict[str, str]) -> nbformat.NotebookNode:
    """Fill answer and free cells from kept text; nothing else can be changed this way."""
    for cell in nb.cells:
        if cell.id in kept and lesson.role(cell.id) in ("answer", "free"):
            cell.source = str(kept[cell.id])
    return nb


def model_answer(module: Module, task: str) -> str:
    """The text of a written task's solution region, without the notes for the marker."""
    source = {c.id: c.source for c in nbformat.read(module.notebook, as_version=4).cells}[task]
    inside = source.split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0]
    return inside.split("**For the reader who marks.**")[0].strip()


def specimens_text(task: str) -> str:
    """The weak, sound and strong specimen of a written task, marks folded away."""
    import tomllib
    from importlib.resources import files

    shelf = files("course").joinpath("specimens", f"{task.split('_')[0]}.toml")
    table = tomllib.loads(shelf.read_text("utf-8"))
    parts = ["#### Three answers to score before your own"]
    for number, one in enumerate(table[task], start=1):
        parts.append(
            f"**Specimen {number}.** {one['text'].strip()}\n\n"
            f"<details><summary>Marks of specimen {number}</summary>\n\n"
            f"Levels {', '.join(map(str, one['levels']))}. {one['why'].strip()}\n\n</details>"
        )
    return "\n\n".join(parts)


def _own_notebook(module: Module, folder: Path | None) -> Path | None:
    """The learner's notebook, or None where there is none to look at, with the reason."""
    if os.environ.get("NBGRADER_EXECUTION"):
        print("Left out while the work is being checked.")
        return None
    path = saved_notebook(module, folder)
    if path is None:
        print("This is the instructor's notebook: nothing to keep, compare or mark.")
    return path


def _metadata(path: Path) -> dict:
    try:
        nb = json.loads(path.read_text("utf-8"))
        return nb.get("metadata", {}).get("mildip", {})
    except (ValueError, AttributeError):
        raise NoWork(
            f"{path.name} is not a readable notebook. Open it, save it again, or restore your work."
        ) from None


def _newer_in_kernel(nb: nbformat.NotebookNode) -> list[str]:
    """Tasks whose last run text differs from the saved one."""
    shell = get_ipython()
    if shell is None or os.environ.get("NBGRADER_EXECUTION"):
        return []
    history = [text.strip() for text in shell.user_ns.get("In", []) if text.strip()]
    newer = []
    for cell in nb.cells:
        if cell.cell_type != "code" or lesson.role(cell.get("id", "")) != "answer":
            continue
        head = cell.source.strip().split("\n")[0].split("=")[0]
        runs = [text for text in history if head and text.startswith(head)]
        if runs and runs[-1] != cell.source.strip():
            newer.append(cell.id)
    return newer


def _marks_table(rows: list[dict]) -> str:
    from course.check import SYMBOLS

    lines = ["| check | points | outcome |", "|---|---|---|"]
    for row in rows:
        said = html.escape(row["message"] or "").replace("|", "\\|").replace("\n", "<br>")
        outcome = f"{SYMBOLS.get(row['outcome'], '')} {said or row['outcome']}"
        lines.append(
            f"| {html.escape(row['name'])} | {row['points']:g} of {row['max']:g} | {outcome} |"
        )
    earned, total = sum(r["points"] for r in rows), sum(r["max"] for r in rows)
    lines += [
        "",
        f"**{earned:g} of {total:g} points marked by checks.** "
        "Written answers are not marked here.",
    ]
    return "\n".join(lines)


def _note_progress(module: Module, rows: list[dict], folder: Path) -> None:
    progress = my_progress(folder)
    progress[module.id] = {
        "points": sum(r["points"] for r in rows),
        "max": sum(r["max"] for r in rows),
    }
    (folder / PROGRESS_FILE).write_text(json.dumps(progress, indent=1), "utf-8")
