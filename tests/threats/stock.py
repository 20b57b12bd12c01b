"""What stock nbgrader does with each hostile notebook: writes the tables of `docs/threats.md`.

Not a test, and run by hand, as root: `python tests/threats/stock.py [PART OF A NAME…]`; with
`--tables` it runs nothing and only writes the columns that come from `hostile.py`.

Each case is graded by nbgrader's own command, before an honest one, in a private copy of the
little course; where it is about reading or showing, nbgrader makes its feedback too. All of it
runs inside bubblewrap with its own processes and network, under an id that nobody else uses,
with limits on memory, processes, files and time, on a disk of memory that goes with this
program. Nothing hostile is ever run, or read, outside of that.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from hostile import FULL, GROUPS, NO_CHECKS, ZERO, Case
from little_course import MODULE, answered, source

from autograder.kernels import wipe

REPOSITORY = Path(__file__).parents[2]
TABLES = REPOSITORY / "docs" / "threats.md"

#: Nobody's id but ours; the limit on processes counts by it.
NOBODY = 60_917
SECONDS, MEMORY_MB, PROCESSES = 45, 3000, 100
DISK = "size=400m,nr_inodes=200000,mode=755"

#: Where a case's course lies inside.
COURSE = Path("/course")
LEARNERS = "first-hostile", "second-honest"
#: Groups of cases whose feedback is looked at; the others do without, which saves half the time.
WITH_FEEDBACK = "Reading and stealing", "Showing results"
#: Groups that are about marks for work not done; elsewhere a difference may have other reasons.
ABOUT_MARKS = "Forging", "Notebook structure"

CONFIG = f"""\
c = get_config()
c.CourseDirectory.root = "{COURSE}"
c.CourseDirectory.course_id = "little"
c.Execute.timeout = 8
"""
SCRIPT = re.compile("<script>alert|onerror=.?alert|onload=.?alert|=.javascript:alert")
MARKS = """\
SELECT s.student_id, c.name, g.auto_score, g.needs_manual_grade, g.extra_credit
FROM grade g
JOIN submitted_notebook n ON n.id = g.notebook_id
JOIN submitted_assignment s ON s.id = n.assignment_id
JOIN base_cell c ON c.id = g.cell_id
"""


# Inside.


def grade() -> None:
    """Grade the submissions as `nbgrader autograde` does; note what it did outside them."""
    from conftest import Place

    place = Place("stock", COURSE)
    os.environ["THREATS_TOKEN"] = "ours"
    for path in COURSE.glob("submitted/*/*/*.ipynb"):
        path.write_bytes(place.fill(path.read_bytes().decode("latin-1")).encode("latin-1"))
    before = place.as_it_stands()
    code = nbgrader("autograde", MODULE)
    still = {one.name() for one in psutil.process_iter() if one.pid not in (1, os.getpid())}
    outside = {row[0] for row in set(before) ^ set(place.as_it_stands())}
    said = {"code": code, "still": sorted(still), "outside": sorted(outside)}
    (COURSE / "report.json").write_text(json.dumps(said))
    os._exit(0)


def look() -> None:
    """What came of it: marks, what learners' cells show, the feedback. Printed as JSON."""
    said: dict = {"marks": {}}
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(
            sqlite3.connect(f"file:{COURSE}/gradebook.db?mode=ro", uri=True)
        ) as book,
    ):
        for learner, cell, score, waits, extra in book.execute(MARKS):
            shown = None if waits else score
            said["marks"].setdefault(learner, {})[cell] = (shown or 0) + extra if extra else shown
    for learner in LEARNERS:
        shown = ""
        for path in (COURSE / "autograded" / learner / MODULE).glob("*.ipynb"):
            for cell in json.loads(path.read_text(errors="replace")).get("cells", []):
                texts = [out.get("text", "") for out in cell.get("outputs", [])]
                shown += "".join(part for text in texts for part in text)
        said[learner] = sorted(set(re.findall(r"GOT ?(\w*)", shown)))
    if (COURSE / "feedback wanted").exists():
        nbgrader("generate_feedback", MODULE, f"--student={LEARNERS[0]}")
    files = [path for path in (COURSE / "feedback").rglob("*") if path.is_file()]
    pages = "".join(one.read_text(errors="replace") for one in files if one.suffix == ".html")
    said["script"] = bool(SCRIPT.search(pages))
    said["delivered"] = sorted(one.name for one in files if one.suffix != ".html")
    print("LOOK " + json.dumps(said))


def nbgrader(*arguments: str) -> object:
    """The exit code of an nbgrader command, run in this very process."""
    from nbgrader.apps import NbGraderApp

    os.chdir(COURSE)
    try:
        NbGraderApp.launch_instance(list(arguments))
    except SystemExit as end:
        return end.code or 0
    except BaseException as error:
        return type(error).__name__
    return 0


# Outside.


def inside(folder: Path, what: str, seconds: float) -> tuple[str, str]:
    """Run `grade` or `look` behind walls: what it printed, and how it was ended, if it was."""
    from autograder.kernels.sandbox import SYSTEM, _python_folders

    command = [
        "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent",
        "--new-session", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev",
        "--size", "50000000", "--tmpfs", "/dev/shm", "--size", "200000000", "--tmpfs", "/tmp",
    ]  # fmt: skip
    ours = [REPOSITORY / name for name in ("course", "autograder", "tests/threats")]
    for path in map(str, [*SYSTEM, *_python_folders(), *ours]):
        if os.path.exists(path):
            command += ["--ro-bind", path, path]
    command += ["--bind", str(folder), str(COURSE), "--remount-ro", "/dev", "--remount-ro", "/"]
    command += ["--chdir", str(COURSE), "--", sys.executable, __file__, f"--{what}"]
    scripts = Path(sys.executable).parent
    process = subprocess.Popen(
        ["nice", "-n", "19", *command],
        env={"PATH": f"{scripts}:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
             "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        user=NOBODY, group=NOBODY, extra_groups=[], preexec_fn=limits,
    )  # fmt: skip
    ended, until = "", time.monotonic() + seconds
    said = b""
    os.set_blocking(process.stdout.fileno(), False)
    while process.poll() is None:
        said += (process.stdout.read() or b"")[:1_000_000]
        if used_mb() > MEMORY_MB:
            ended = "takes all memory"
        elif time.monotonic() > until:
            ended = f"is not done in {seconds:g} s"
        if ended:
            process.kill()
        time.sleep(0.1)
    said += process.stdout.read() or b""
    while any(True for _ in theirs()):  # a namespace takes a moment to end
        time.sleep(0.05)
    return said.decode(errors="replace"), ended


def limits() -> None:
    for which, most in {
        resource.RLIMIT_AS: MEMORY_MB * 1_000_000,
        resource.RLIMIT_NPROC: PROCESSES,
        resource.RLIMIT_FSIZE: 100_000_000,
        resource.RLIMIT_CPU: 2 * SECONDS,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(which, (most, most))


def theirs():
    for one in psutil.process_iter(["uids"]):
        if one.info["uids"] and one.info["uids"].real == NOBODY:
            yield one


def used_mb() -> float:
    used = 0
    for one in theirs():
        with contextlib.suppress(OSError):
            about = Path(f"/proc/{one.pid}/status").read_text()
            used += sum(map(int, re.findall(r"Rss(?:Anon|Shmem):\s+(\d+)", about)))
    return used * 1024 / 1e6


def prepared(folder: Path) -> None:
    """The course, released by nbgrader, with its gradebook; nothing hostile is there yet."""
    import nbformat

    (folder / "source" / MODULE).mkdir(parents=True)
    nbformat.write(source(), folder / "source" / MODULE / "little.ipynb")
    (folder / "nbgrader_config.py").write_text(CONFIG)
    own(folder)
    inside(folder, "release", 60)
    assert (folder / "release" / MODULE / "little.ipynb").exists(), "nbgrader released nothing"


def own(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def tried(case: Case, group: str, disk: Path) -> str:
    """What stock nbgrader does with a case, in a phrase."""
    if any("autograder.kernels" in text for text in case.texts.values()):
        return "about our own channel"
    folder = disk / "case"
    shutil.copytree(disk / "course", folder, symlinks=True)
    hostile = answered(**case.texts)
    hostile = case.edit(hostile) if case.edit else hostile
    after = answered(t1=f"{case.spy}\n{answered().cells[2].source}") if case.spy else answered()
    if group in WITH_FEEDBACK:
        (folder / "feedback wanted").touch()
    for learner, notebook in zip(LEARNERS, (hostile, after), strict=True):
        place = folder / "submitted" / learner / MODULE
        place.mkdir(parents=True)
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        (place / "little.ipynb").write_bytes(text.encode("utf-8", "surrogateescape"))
    own(folder)
    _, ended = inside(folder, "grade", SECONDS)
    done, report = None, folder / "report.json"
    if report.is_file() and not report.is_symlink():
        with contextlib.suppress(ValueError):  # cut off, as its disk was full
            done = json.loads(report.read_text(errors="replace"))
    said, _ = inside(folder, "look", SECONDS)
    lines = [line[5:] for line in said.splitlines() if line.startswith("LOOK ")]
    wipe.empty(folder)
    folder.rmdir()
    found = json.loads(lines[-1]) if lines else {"marks": {}}
    return phrase(case, group, done, ended, found)


def phrase(case: Case, group: str, done: dict | None, ended: str, look: dict) -> str:
    """Marks first, then all else that should not be."""
    theirs, after = (look["marks"].get(learner) for learner in LEARNERS)
    parts = []
    if done is None:
        parts.append(f"the run of the whole class {ended or 'dies'}")
    elif after is None:
        parts.append("the run of the whole class stops")
    parts.append(of_marks(case, group, theirs))
    if after not in (None, FULL):
        parts.append("the next notebook loses marks")
    done = done or {"still": [], "outside": []}
    if done["still"]:
        parts.append(f"still running after the run: {', '.join(done['still'])}")
    if done["outside"]:
        parts.append(f"wrote outside: {', '.join(done['outside'])}")
    for learner, how in zip(LEARNERS, ("it works", "reaches the next notebook"), strict=True):
        if found := look.get(learner):
            parts.append(f"{how}: {', '.join(filter(None, found))}".removesuffix(": "))
    if look.get("script"):
        parts.append("the script stands in the page of the feedback")
    if look.get("delivered"):
        parts.append(f"delivered with the feedback: {', '.join(look['delivered'])}")
    return "; ".join(parts)


def of_marks(case: Case, group: str, marks: dict | None) -> str:
    """Stock's marks beside those the work deserves."""
    if marks is None:
        return "no mark"
    more, less = [], []
    for cell, deserved in case.scores.items():
        got = marks.get(cell)
        if (got or 0) > (deserved or 0):
            more.append(f"{cell} {got:g}")
        elif (got or 0) < (deserved or 0):
            less.append(cell)
    if more:
        words = "**marks gained**" if group in ABOUT_MARKS else "more marks than here"
        return f"{words}: {', '.join(more)}"
    return f"marks lost: {', '.join(less)}" if less else kept(case.scores)


def kept(scores: dict) -> str:
    if scores == FULL:
        return "all marks kept"
    return "all checks are lost" if scores in (ZERO, NO_CHECKS) else "the answer loses its check"


def here(case: Case) -> str:
    """What this grader does with a case, as its test says."""
    if case.result == "refused":
        return "refused, with a reason; 0"
    only = f" ({case.only} only)" if case.only else ""
    return f"{case.result}: {kept(case.scores)}{only}"


def tables(text: str, found: dict[str, str]) -> str:
    """The document with new tables; what stock does stays where it is not in `found`."""
    known = dict(re.findall(r"^\| (.+?) \| (.+?) \| .+? \|$", text, re.M)) | found
    made = ""
    for group, cases in GROUPS.items():
        made += f"## {group}\n\n| case | stock | here |\n| --- | --- | --- |\n"
        for case in cases:
            made += f"| {case.name} | {known.get(case.name, 'not run')} | {here(case)} |\n"
        made += "\n"
    first, last = f"## {next(iter(GROUPS))}\n", "## Where the two kinds of sandbox differ\n"
    return text[: text.index(first)] + made + text[text.index(last) :]


def main(*wanted: str) -> None:
    if os.geteuid() != 0 or not shutil.which("bwrap"):
        raise SystemExit("This needs root, to give rights up, and bubblewrap.")
    if "MILDIP_STOCK_DISK" not in os.environ:  # mounts of our own from here on
        os.environ["MILDIP_STOCK_DISK"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, __file__, *wanted])
    if any(theirs()):
        raise SystemExit(f"Processes of the id {NOBODY} run already.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    Path("/proc/self/oom_score_adj").write_text("1000")  # if anybody is short of memory, we end
    disk = Path(tempfile.mkdtemp(prefix="stock-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "none", disk], check=True)
    try:
        try_all(wanted, disk)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
        disk.rmdir()


def try_all(wanted: tuple[str, ...], disk: Path) -> None:
    prepared(disk / "course")
    found = {}
    for group, case in ((group, case) for group, cases in GROUPS.items() for case in cases):
        if not wanted or any(part in case.name for part in wanted):
            began = time.monotonic()
            found[case.name] = tried(case, group, disk)
            print(f"{time.monotonic() - began:5.1f} s  {case.name}: {found[case.name]}", flush=True)
            TABLES.write_text(tables(TABLES.read_text("utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--grade"]:
        grade()
    elif sys.argv[1:] == ["--look"]:
        look()
    elif sys.argv[1:] == ["--release"]:
        nbgrader("generate_assignment", MODULE)
    elif sys.argv[1:] == ["--tables"]:
        TABLES.write_text(tables(TABLES.read_text("utf-8"), {}), encoding="utf-8")
    else:
        main(*sys.argv[1:])
