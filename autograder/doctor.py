"""Is this machine fit to run the course? Each finding says what is lost if not."""

import json
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

MIN_PYTHON = (3, 11)
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
    """Look at interpreter, environment, packages, JupyterLab panels, programs and data.

    `damaged_datasets` returns a sentence for every dataset that is not as shipped."""
    yield _python()
    yield _readable()
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
    """Grading gives up root; what only root can read is then out of reach."""
    for top in {Path(sys.prefix), Path(sys.base_prefix)}:
        for folder in [top, *top.resolve().parents]:
            if not folder.stat().st_mode & stat.S_IXOTH:
                return Finding(
                    "environment",
                    False,
                    f"{folder} is closed to other users, so no unprivileged user can grade; "
                    "put the environment and its Python elsewhere",
                    needed=False,
                )
    return Finding("environment", True, "readable by an unprivileged user", needed=False)


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
