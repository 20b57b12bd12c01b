"""The command line. Exit codes: 0 fine, 1 something needs attention, 2 wrong usage."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from autograder.classroom import Course, Problem, WrongUsage
from autograder.settings import environment_on_path

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Run the course: release, collect, grade, give feedback. `mildip demo` shows it all.",
)
out = Console()
err = Console(stderr=True)

Modules = Annotated[
    list[str] | None, typer.Argument(help="Modules by name or short id (m07); all if none.")
]
Json = Annotated[bool, typer.Option("--json", help="Print plain data for machines.")]
Database = Annotated[
    str | None, typer.Option("--db", help="Gradebook's database, such as postgresql://…/marks.")
]
Target = Annotated[Path | None, typer.Option("--out", help="Write here instead.")]


def main() -> None:
    """Entry point of `mildip`; turns a Problem into one sentence and an exit code."""
    environment_on_path()
    try:
        app()
    except Problem as problem:
        err.print(str(problem), style="bold", markup=False, highlight=False, soft_wrap=True)
        sys.exit(problem.exit_code)


@app.command()
def demo(
    modules: Annotated[
        list[str] | None, typer.Argument(help="Modules by name or short id; three if none.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every graded module.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where to run; a new folder if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the main job from start to finish with an invented class."""
    import tempfile
    import time

    from autograder import demo as cycle
    from course import places

    began = time.monotonic()
    root = folder or Path(tempfile.mkdtemp(prefix="mildip-demo-"))
    course = Course.make(root, places.NOTEBOOKS, places.CONFIG.read_text("utf-8"))
    with _progress() as progress:

        def track(what: str, count: int) -> Callable[[], None]:
            task = progress.add_task(what, total=count)
            return lambda: progress.advance(task)

        chosen = course.chosen(modules) if modules or everything else None
        found = cycle.run(course, places.ANSWERS, track, chosen)
    differing = [one for one in found if not one.same]
    if as_json:
        _print_json(
            [
                {
                    "learner": one.member.learner,
                    "manner": one.member.manner,
                    "module": one.module,
                    "has": one.has,
                    "should": one.should,
                    "of": one.out_of,
                    "status": one.status,
                    "differing": one.differing,
                }
                for one in found
            ]
        )
    else:
        _demo_table(found)
        out.print(f"Feedback pages: {course.step('feedback')}", soft_wrap=True)
        out.print(f"Class report:   {course.room / 'report.html'}", soft_wrap=True)
        out.print(f"Marks:          {course.room / 'marks.csv'}", soft_wrap=True)
        for one in differing:
            checks = ", ".join(one.differing) or "the mark as a whole"
            out.print(f"Not as it should be: {one.member.learner}, {one.module}: {checks}")
        if not differing:
            out.print("Every check gave every learner what it should.")
        out.print(f"{time.monotonic() - began:.0f} s")
    raise typer.Exit(1 if differing else 0)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say whether this machine is fit to run the course, and what is lost if not."""
    from autograder.doctor import examine

    findings = list(examine(_damaged_datasets()))
    if as_json:
        _print_json(findings)
    else:
        table = _table("Looked at", "Found", "Detail")
        for one in findings:
            word = "✓ fine" if one.ok else ("✗ amiss" if one.needed else "○ limited")
            _row(table, one.what, word, one.says)
        out.print(table)
    raise typer.Exit(1 if any(one.needed and not one.ok for one in findings) else 0)


@app.command()
def bench(
    modules: Modules = None,
    short: Annotated[
        int, typer.Option("--short", min=0, help="Notebooks of the course of short cells.")
    ] = 60,
    sandbox: Annotated[str, typer.Option("--sandbox", help="auto, bwrap or landlock.")] = "auto",
    as_json: Json = False,
) -> None:
    """Measure the engine beside stock nbgrader and the bare cells; some minutes."""
    import tempfile

    from autograder import bench as measure
    from course import places

    speeds: dict[str, dict[str, measure.Speed]] = {}
    with tempfile.TemporaryDirectory(prefix="mildip-bench-") as folder, _progress() as progress:

        def track(what: str, count: int) -> Callable[[], None]:
            task = progress.add_task(what, total=count)
            return lambda: progress.advance(task)

        courses = {
            "real": measure.prepared(
                Path(folder, "real"),
                places.NOTEBOOKS,
                places.CONFIG.read_text("utf-8"),
                measure.from_bank(places.ANSWERS, modules),
            )
        }
        if short:
            courses = {"short": measure.short_course(Path(folder, "short"), short), **courses}
        for name, (course, handed_in) in courses.items():
            speeds[name] = measure.bench(course, handed_in, sandbox, track)
    whole = {name: measure.together(each) for name, each in speeds.items() if each}
    if as_json:
        _print_json({name: {**vars(one), "modules": speeds[name]} for name, one in whole.items()})
    else:
        _speed_table(whole, speeds)
    raise typer.Exit(0 if all(one.marks_equal for one in whole.values()) else 1)


def _speed_table(whole: dict, speeds: dict) -> None:
    lines = {
        "Notebooks": "submissions",
        "Seconds of cells": "cells_s",
        "Stock, a second": "stock_per_s",
        "One worker": "engine_one_worker_per_s",
        "All cores": "engine_per_s",
        "Floor": "floor_per_s",
        "Times stock": "ratio_to_stock",
        "Share of floor": "share_of_floor",
        "One more kernel, MB": "kernel_pss_mb",
    }
    shown: dict[str, Any] = {}
    for name, one in whole.items():
        parts = speeds[name] if len(speeds[name]) > 1 else {}
        shown |= {name: one, **{label.split("_")[0]: part for label, part in parts.items()}}
    table = _table("", *shown)
    for label, key in lines.items():
        _row(table, label, *(f"{getattr(speed, key):.3g}" for speed in shown.values()))
    _row(table, "Marks", *("✓ equal" if x.marks_equal else "✗ differ" for x in shown.values()))
    out.print(table)
    for one in whole.values():
        for what in one.marks_differing:
            out.print(f"Not the same mark: {what}", markup=False)


@app.command()
def modules(as_json: Json = False) -> None:
    """List the modules with their numbers: of the classroom here, or of the installed course."""
    from autograder.overview import overview

    found = overview(_notebooks_here())
    told, whole = _tally([one.module for one in found])
    rows = [{**vars(one), "minutes": None, **told.get(one.module, {})} for one in found]
    total = {
        **whole,
        "modules": len(rows),
        "automatic": sum(one.automatic for one in found),
        "written": sum(one.written for one in found),
    }
    if as_json:
        _print_json({"modules": rows, "total": total})
        return
    out.print(_counts_table(rows, total))
    if told:
        kinds = ", ".join(f"{count} {kind}" for kind, count in total["tasks"].items())
        out.print(
            f"Tasks: {kinds}. Points: by checks + by a reader. Sets, rows: data, each set once in "
            "the total. Figs: lines of the reviews' tables of figures that a test recomputes. "
            "Bank: right and wrong answers that the checks must tell apart."
        )


def _counts_table(rows: list[dict], total: dict) -> Table:
    from rich import box

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, collapse_padding=True, pad_edge=False)
    table.add_column("Module", no_wrap=True)
    table.add_column("Title", overflow="fold")
    heads = ["Min", "Tasks", "Points", "Sets", "Rows", "Figs", "Bank"]
    for head in heads if "tasks" in total else ["Points"]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in [*rows, {"module": "total", "title": f"{len(rows)} modules", **total}]:
        if row["module"] == "total":
            table.add_section()
        points = f"{_mark(row['automatic'])} + {_mark(row['written'])}"
        tasks = sum(row["tasks"].values()) if "tasks" in row else None
        counts = [row.get(name) for name in ("datasets", "rows", "figures", "bank_answers")]
        shown = [_number(row.get("minutes")), _number(tasks), points, *map(_number, counts)]
        short = row["module"].split("_")[0] if "tasks" in row else row["module"]
        _row(table, short, row["title"], *(shown if "tasks" in total else [points]))
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


@app.command()
def new(folder: Path) -> None:
    """Make a course folder to run a class in."""
    from course import places

    course = Course.make(folder, places.NOTEBOOKS, places.CONFIG.read_text("utf-8"))
    out.print(
        f"Made {course.root} with {len(course.modules())} modules. Next: go there, then "
        "`mildip release`.",
        soft_wrap=True,
    )


@app.command()
def start(folder: Path, as_json: Json = False) -> None:
    """Write the self-study edition of every module into a folder, for one learner."""
    import tempfile

    from autograder.release import release, write_edition
    from course import places

    written, kept = [], []
    with tempfile.TemporaryDirectory(prefix="mildip-") as room, _progress() as progress:
        course = Course.make(
            Path(room, "course"), places.NOTEBOOKS, places.CONFIG.read_text("utf-8")
        )
        for module in progress.track(course.modules(), description="Prepare"):
            new_files, old_files = write_edition(
                release(course, module).self_study, folder / module
            )
            written += new_files
            kept += old_files
    if as_json:
        _print_json({"written": list(map(str, written)), "kept": list(map(str, kept))})
    else:
        out.print(f"{len(written)} files written to {folder}.", soft_wrap=True)
        for path in kept:
            out.print(f"Left as it is, because it may hold your work: {path}", soft_wrap=True)
    raise typer.Exit(1 if kept else 0)


@app.command()
def release(
    modules: Modules = None,
    exchange: Annotated[
        bool, typer.Option("--exchange", help="Also release to nbgrader's exchange.")
    ] = False,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Make the editions that learners get, and set points and due dates."""
    course = _course(db)
    chosen = course.chosen(modules)
    from autograder.release import release as release_one

    with _progress() as progress:
        done = [
            release_one(course, module, exchange)
            for module in progress.track(chosen, description="Release")
        ]
    if as_json:
        _print_json(done)
        return
    table = _table("Module", "Edition", "Automatic", "Written", "Due")
    for one in done:
        due = course.due(one.module)
        _row(
            table,
            one.module,
            one.edition,
            _mark(one.automatic_points),
            _mark(one.written_points),
            due.isoformat(" ", "minutes") if due else "no date",
        )
    out.print(table)
    out.print(f"Hand out what is in {course.step('release')}", soft_wrap=True)


@app.command()
def collect(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="Folder, zip or tar file of LEARNER/NOTEBOOK.ipynb or LEARNER__NOTEBOOK.ipynb."
        ),
    ] = None,
    module: Annotated[
        list[str] | None, typer.Option("--module", "-m", help="Look for these modules only.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring in what learners handed in: from a folder or archive, else nbgrader's exchange."""
    course = _course()
    chosen = course.chosen(module) if module else None
    from collections import Counter

    from autograder.intake.collect import collect_exchange, collect_folder

    known = {one.learner for one in course.roster}
    if source:
        taken, strays = collect_folder(course, source, chosen)
    else:
        taken, strays = collect_exchange(course, chosen)
    added = [one.learner for one in course.roster if one.learner not in known]
    if as_json:
        _print_json({"collected": taken, "strays": strays, "added_to_roster": added})
    else:
        table = _table("Learner", "Folder", "Module", "Outcome", "Handed in", "Note")
        for one in taken:
            at = f"{one.at:%Y-%m-%d %H:%M} UTC"
            _row(table, one.learner, one.folder, one.module, one.outcome, at, one.reason or "")
        out.print(table if taken else "Nothing was found to collect.")
        outcomes = Counter(one.outcome for one in taken)
        if taken:
            counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
            out.print(f"{len(taken)} handed in: {counts}.")
        if known and added:
            out.print(
                f"Added to the roster: {', '.join(added)}. Is one of them there already by "
                "another name? See `Names` in the instructor guide.",
                soft_wrap=True,
                markup=False,
            )
        for stray in strays:
            out.print(f"Look at this: {stray.what} {stray.reason}.", soft_wrap=True, markup=False)
    needs_attention = strays or any(one.outcome == "refused" for one in taken)
    raise typer.Exit(1 if needs_attention else 0)


@app.command()
def grade(
    modules: Modules = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Notebooks at once; one more than cores if none."),
    ] = None,
    dask: Annotated[
        str | None, typer.Option("--dask", help="Address of a Dask scheduler to grade on.")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", help="i/n: only part i of n, into a file for `mildip merge`."),
    ] = None,
    db: Database = None,
    sandbox: Annotated[
        str | None, typer.Option("--sandbox", help="auto, bwrap, landlock or none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Grade what is new or changed, each notebook in a sandbox of its own."""
    course = _course(db)
    chosen = course.chosen(modules)
    from autograder import grading

    how = grading.How(workers, dask, sandbox)
    jobs = grading.pending(course, chosen)
    if shard:
        part, of = _part(shard)
        jobs = grading.shard(jobs, part - 1, of)
        path = course.room / "shards" / f"{part}-of-{of}.jsonl"
        results = grading.grade_to_file(course, jobs, path, how)
    else:
        results = grading.grade(course, jobs, how)
    if how.sandbox == "none":
        err.print(grading.NO_WALLS, soft_wrap=True)
    with _progress() as progress:
        done = list(progress.track(results, total=len(jobs), description="Grade"))
    if shard and not as_json:
        out.print(f"{len(done)} results in {path}. Next: `mildip merge`.", soft_wrap=True)
        raise typer.Exit(0)
    _tell_results(course, done, as_json)


@app.command()
def merge(files: Annotated[list[Path] | None, typer.Argument()] = None, db: Database = None,
          as_json: Json = False) -> None:  # fmt: skip
    """Write the results of shards into the gradebook; all in `classroom/shards` if none."""
    course = _course(db)
    from autograder import grading

    paths = files or sorted((course.room / "shards").glob("*.jsonl"))
    if not paths:
        raise WrongUsage("There are no shards to merge. Make some with `mildip grade --shard i/n`.")
    _tell_results(course, list(grading.merge(course, paths)), as_json)


def _part(text: str) -> tuple[int, int]:
    """`2/7` as (2, 7). Raises WrongUsage."""
    part, _, of = text.partition("/")
    if not (part.isdigit() and of.isdigit() and 1 <= int(part) <= int(of)):
        raise WrongUsage(f"--shard {text!r}: say which part of how many, such as 1/4.")
    return int(part), int(of)


def _tell_results(course: Course, done: list, as_json: bool) -> None:
    if as_json:
        _print_json(done)
    else:
        table = _table("Learner", "Module", "Result", "Seconds", "Note")
        for one in done:
            learner = course.roster.by_folder(one.job.folder)
            note = "; ".join(filter(None, [one.reason, one.detail, *one.warnings]))
            _row(table, learner.shown, one.job.module, one.result, f"{one.seconds:.1f}", note)
        out.print(table if done else "Nothing new to grade.")
    raise typer.Exit(1 if any(one.result != "graded" or one.warnings for one in done) else 0)


@app.command()
def feedback(modules: Modules = None, db: Database = None, as_json: Json = False) -> None:
    """Write each learner's page: what was right, what was not yet, and marks so far."""
    course = _course(db)
    chosen = course.chosen(modules)
    from autograder import gradebook
    from autograder.feedback import write_feedback

    rows = gradebook.rows(course, chosen)
    with _progress() as progress:
        pages = [
            page
            for row in progress.track(rows, description="Feedback")
            for page in write_feedback(course, row)
        ]
    if as_json:
        _print_json(list(map(str, pages)))
    else:
        out.print(f"{len(pages)} pages in {course.step('feedback')}", soft_wrap=True)
        waiting = sum(row.status in ("not graded yet", *gradebook.NO_MARK) for row in rows)
        if waiting:
            out.print(f"{waiting} handed in, but not graded yet: `mildip grade`.")


@app.command()
def export(
    modules: Modules = None,
    to: Annotated[str, typer.Option("--to", help="csv")] = "csv",
    target: Target = None,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Write the marks for another system to read."""
    if to != "csv":
        raise WrongUsage(f"Marks cannot be exported to {to!r}. There is: csv.")
    course = _course(db)
    chosen = course.chosen(modules)
    from autograder import gradebook
    from autograder.exports.csv import as_csv

    rows = gradebook.rows(course, chosen)
    if as_json:
        _print_json(rows)
        return
    path = target or course.room / "marks.csv"
    _write(path, as_csv(rows))
    out.print(f"{len(rows)} rows in {path}", soft_wrap=True)


@app.command()
def report(
    modules: Modules = None,
    target: Target = None,
    db: Database = None,
    as_json: Json = False,
) -> None:
    """Write the class report: marks, what came late, which checks were hard."""
    course = _course(db)
    chosen = course.chosen(modules)
    from autograder.insight.report import as_html
    from autograder.insight.report import report as look

    found = look(course, chosen)
    if as_json:
        _print_json(found)
        return
    path = target or course.room / "report.html"
    _write(path, as_html(found))
    out.print(f"Class report: {path}", soft_wrap=True)


def _course(db: str | None = None) -> Course:
    course = Course.find(Path.cwd())
    if db:
        course.config.CourseDirectory.db_url = db
    return course


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written: {error.strerror}.") from None


def _notebooks_here() -> Path:
    try:
        return _course().step("source")
    except WrongUsage:
        from course import places

        return places.NOTEBOOKS


def _tally(modules: list[str]) -> tuple[dict[str, dict], dict]:
    """What the installed course counts in these modules, each and all; nothing without one."""
    try:
        from course.tally import tally
    except ImportError:
        return {}, {}
    return tally(modules)


def _damaged_datasets() -> Callable[[], list[str]] | None:
    """How to look over the datasets of the course that is installed beside us, if one is."""
    try:
        from course import data
    except ImportError:
        return None

    def damaged() -> list[str]:
        found = []
        try:
            for name in data.names():
                try:
                    data.load(name)
                except data.DamagedDataset as error:
                    found.append(str(error))
        except data.DamagedDataset as error:
            found.append(str(error))
        return found

    return damaged


def _demo_table(found: list) -> None:
    modules = list(dict.fromkeys(one.module for one in found))
    table = _table("Learner", "Works", *(module.split("_")[0] for module in modules), "Same")
    table.caption = "Automatic marks: has / should have"
    for member in dict.fromkeys(one.member for one in found):
        mine = {one.module: one for one in found if one.member == member}
        marks = [f"{_mark(mine[m].has)} / {_mark(mine[m].should)}" for m in modules]
        same = all(one.same for one in mine.values())
        _row(table, member.learner, member.manner, *marks, "✓ yes" if same else "✗ no")
    out.print(table)


def _mark(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2):g}"


def _table(*columns: str) -> Table:
    table = Table(show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    from rich.text import Text

    table.add_row(*map(Text, cells))


def _progress():
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
    )


def _print_json(value: Any) -> None:
    print(json.dumps(_plain(value), ensure_ascii=False, indent=1))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {key: _plain(item) for key, item in vars(value).items()}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


if __name__ == "__main__":
    main()
