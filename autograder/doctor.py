"""Is this machine fit to run the course? Each finding says what is lost if not."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

MIN_PYTHON = (3, 11)
NOBODY = 65534
USED_WHEN_PRESENT = {
    "bwrap": "bubblewrap: grading cannot be sandboxed the stronger way",
    "chromium": "Chromium: lessons are not tested in a real browser",
    "postgres": "PostgreSQL: grading by several people at once is not tested",
}


@dataclass(frozen=True)
class Finding:
    """`needed` findings that are not `ok` make the machine unfit."""

    what: str
    ok: bool
    says: str
    needed: bool = True


def examine(damaged_datasets: Callable[[], list[str]] | None = None) -> Iterator[Finding]:
    """Look at interpreter, environment, sandbox, packages, JupyterLab panels, programs and data.

    `damaged_datasets` returns a sentence for every dataset that is not as shipped."""
    yield _python()
    yield _readable()
    yield _sandbox()
    yield _packages()
    yield _panels()
    alembic = shutil.which("alembic")
    yield Finding(
        "alembic", bool(alembic), "found" if alembic else "not found: install nbgrader again"
    )
    for program, loss in USED_WHEN_PRESENT.items():
        found = shutil.which(program) or _elsewhere(program)
        yield Finding(program, bool(found), "found" if found else f"without {loss}", needed=False)
    if damaged_datasets:
        damaged = damaged_datasets()
        yield Finding("datasets", not damaged, "; ".join(damaged) or "as shipped")


def _python() -> Finding:
    here = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, MIN_PYTHON))
    return Finding("Python", sys.version_info >= MIN_PYTHON, f"{here} ({wanted} or newer needed)")


def _readable() -> Finding:
    """Started as root, grading gives root up first: what only root can read is lost to it."""
    if os.geteuid() != 0:
        return Finding("environment", True, "grading runs as you, who can read it")
    try:
        subprocess.run(
            [sys.executable, "-c", "import nbformat, autograder"],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            env={},
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        closed = next(filter(None, map(_closed, _folders())), None)
        remedy = f"chmod o+x {closed}" if closed else f"chmod -R o+rX {sys.prefix}"
        return Finding(
            "environment",
            False,
            "as root, grading drops to an unprivileged user, who cannot get into "
            f"{closed or sys.prefix}: open it ({remedy}), or move the environment and its Python "
            "to a folder such as /opt, or grade as an ordinary user",
        )
    return Finding("environment", True, "readable by an unprivileged user")


def _folders() -> list[Path]:
    """Where this interpreter, its packages and this package lie."""
    real = Path(sys.executable).resolve().parent
    return [Path(sys.executable).parent, real, Path(sys.prefix), Path(__file__).parent]


def _closed(folder: Path) -> Path | None:
    """The first folder on the way that others may not pass."""
    way = [*reversed(folder.absolute().parents), folder.absolute()]
    return next((one for one in way if not one.stat().st_mode & stat.S_IXOTH), None)


def _sandbox() -> Finding:
    """One is really started: what is installed need not run."""
    from autograder.kernels import sandbox

    try:
        return Finding("sandbox", True, f"{sandbox.choose()} keeps learners' code apart")
    except sandbox.NoSandbox as error:
        return Finding("sandbox", False, str(error))


def _packages() -> Finding:
    from packaging.requirements import Requirement

    commands = list(entry_points(group="console_scripts", name="mildip"))
    if not commands:
        return Finding("packages", False, "the course is not installed here: pip install -e .")
    short = []
    for line in requires(commands[0].dist.name) or []:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            have = version(wanted.name)
        except PackageNotFoundError:
            short.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(have, prereleases=True):
            short.append(f"{wanted.name} is {have}, {wanted.specifier} needed")
    return Finding("packages", not short, "; ".join(short) or "as required")


def _panels() -> Finding:
    """The grading panels of JupyterLab are there and nobody switched them off."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    there = any(
        Path(top, "@jupyter", "nbgrader", "package.json").is_file()
        for top in jupyter_path("labextensions")
    )
    off = []
    for top in jupyter_config_path():
        page = Path(top, "labconfig", "page_config.json")
        if page.is_file():
            disabled = json.loads(page.read_text("utf-8")).get("disabledExtensions", {})
            off += [name for name in disabled if "nbgrader" in name]
    amiss = "not installed: install nbgrader again" if not there else ""
    amiss = amiss or (f"switched off: jupyter labextension enable {off[0]}" if off else "")
    return Finding("JupyterLab panels", not amiss, amiss or "installed and enabled")


def _elsewhere(program: str) -> str | None:
    """Programs that often go by another name or live off the path."""
    if program == "chromium":
        return next(filter(None, map(shutil.which, ("chromium-browser", "google-chrome"))), None)
    if program == "postgres":
        return next(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")), None)
    return None
