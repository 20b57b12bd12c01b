"""Where a course runs: its folders, its roster, its schedule, its log."""

import csv
import difflib
import io
import json
import os
import re
import shutil
import tomllib
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.exports.csv import escaped, unescaped
from autograder.settings import CONFIG_FILE, environment_on_path

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from traitlets.config import Config

    from autograder.runner.course import Engine

CONFIG_NAME = "nbgrader_config.py"
SAFE_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]*")


class Problem(Exception):
    """Something needs attention; the text says what, where, and what to do."""

    exit_code = 1


class WrongUsage(Problem):
    """The command cannot mean anything as it was given."""

    exit_code = 2


@dataclass(frozen=True)
class Learner:
    """One row of the roster. `folder` is the id that nbgrader and the file system see."""

    learner: str
    name: str
    email: str
    folder: str

    @property
    def shown(self) -> str:
        return self.name or self.learner


class Course:
    """A course on disk: `root` holds `nbgrader_config.py`, all else is found through it."""

    def __init__(self, root: Path):
        self.root = root.absolute()
        environment_on_path()

    @classmethod
    def find(cls, start: Path) -> "Course":
        """The course that `start` lies in. Raises WrongUsage if there is none."""
        for folder in [start.absolute(), *start.absolute().parents]:
            if (folder / CONFIG_NAME).is_file():
                return cls(folder)
        raise WrongUsage(
            f"There is no classroom in {start.absolute()} or above it. "
            "Make one with `mildip new DIR`, then work inside DIR."
        )

    @classmethod
    def make(cls, folder: Path, notebooks: Path, config: str = CONFIG_FILE) -> "Course":
        """A new course in `folder`, with a copy of the instructor's `notebooks`.

        Raises WrongUsage if `folder` already holds a course."""
        if (folder / CONFIG_NAME).exists() or (folder / "notebooks").exists():
            raise WrongUsage(f"{folder} already holds a course. Choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(
            notebooks,
            folder / "notebooks",
            ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"),
        )
        (folder / CONFIG_NAME).write_text(config, encoding="utf-8")
        return cls(folder)

    @cached_property
    def config(self) -> "Config":
        """The configuration as nbgrader reads it."""
        from traitlets.config.loader import PyFileConfigLoader

        return PyFileConfigLoader(CONFIG_NAME, path=str(self.root)).load_config()

    @cached_property
    def engine(self) -> "Engine":
        """How submissions are run, from the `Engine` section of the configuration."""
        from autograder.runner.course import Engine

        return Engine(config=self.config)

    def step(self, name: str) -> Path:
        """The folder of an nbgrader step: source, release, submitted, autograded, feedback."""
        return self.root / self.config.CourseDirectory[f"{name}_directory"]

    @property
    def room(self) -> Path:
        """What a running class makes, beyond nbgrader's own steps."""
        return self.root / "classroom"

    def modules(self) -> list[str]:
        """Names of all modules (nbgrader's assignments), sorted."""
        return sorted({nb.parent.name for nb in self.step("source").glob("*/*.ipynb")})

    def notebooks(self, module: str) -> list[str]:
        """Names of a module's notebooks, without `.ipynb`, sorted."""
        return sorted(nb.stem for nb in (self.step("source") / module).glob("*.ipynb"))

    def chosen(self, names: list[str] | None) -> list[str]:
        """The modules meant by `names`; all of them if none are named."""
        return [self.module(name) for name in names] if names else self.modules()

    def module(self, name: str) -> str:
        """A module by its folder, its short id (`m07`) or its notebook's name.

        Raises WrongUsage with the nearest names."""
        return pick(name, {m: [m, m.split("_")[0], *self.notebooks(m)] for m in self.modules()})

    @contextmanager
    def gradebook(self) -> Iterator["Gradebook"]:
        """nbgrader's gradebook. Raises Problem if its database is gone or locked."""
        from nbgrader.api import Gradebook
        from sqlalchemy import make_url
        from sqlalchemy.exc import InterfaceError, OperationalError

        expect_nbgrader_warnings()
        course = self.config.CourseDirectory
        try:
            with Gradebook(course.db_url, course.course_id) as gb:
                yield gb
        except (InterfaceError, OperationalError) as error:
            raise Problem(
                f"The gradebook at {make_url(course.db_url).render_as_string()} does not answer: "
                f"{str(error.orig).strip()}. What was graded is kept: when it answers again, the "
                "same command does the rest."
            ) from error

    @cached_property
    def roster(self) -> "Roster":
        return Roster(self.room / "roster.csv")

    def due(self, module: str) -> datetime | None:
        """When the module is due, in UTC, or None. Read from `classroom/schedule.toml`."""
        return self._schedule.get(module)

    @cached_property
    def _schedule(self) -> dict[str, datetime]:
        path = self.room / "schedule.toml"
        if not path.exists():
            return {}
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Problem(f"{path} cannot be read: {error}") from None
        due = {}
        for name, when in table.items():
            if not isinstance(when, datetime) or when.tzinfo is None:
                raise Problem(
                    f"{path}: the due date of {name} needs a date, a time and a zone, "
                    "for example 2026-03-01T23:59:00+01:00."
                )
            due[self.module(name)] = when.astimezone(UTC)
        return due

    def log(self, event: str, **facts: object) -> None:
        """Append one event to `classroom/log.jsonl`."""
        self.room.mkdir(exist_ok=True)
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **facts}
        with (self.room / "log.jsonl").open("ab+") as log:
            # A kill may have left half a line: ours begins on a new one.
            if log.tell() and (log.seek(-1, os.SEEK_END), log.read(1))[1] != b"\n":
                log.write(b"\n")
            log.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def events(self, event: str) -> Iterator[dict]:
        """Logged events of one kind, oldest first."""
        path = self.room / "log.jsonl"
        if path.exists():
            # split("\n"), not splitlines(): a name may hold other line separators
            for line in path.read_text("utf-8", errors="replace").split("\n"):
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:  # the end, or half a line left by a kill
                    continue
                if entry["event"] == event:
                    yield entry


class Roster:
    """`roster.csv`: learner,name,email,folder. Anybody new gets the next safe folder."""

    COLUMNS = ("learner", "name", "email", "folder")

    def __init__(self, path: Path):
        self.path = path
        self._rows: dict[str, Learner] = {}
        self._folders: set[str] = set()  # as read, for speed: a roster is read for each page
        if path.exists():
            text = path.read_text("utf-8-sig")
            for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
                self._read(number, {k: unescaped(v or "") for k, v in row.items() if k})
        if any(not row.folder for row in self._rows.values()):
            for row in list(self._rows.values()):
                self._rows[row.learner] = self._housed(row)
            self._write()

    def __iter__(self) -> Iterator[Learner]:
        return iter(self._rows.values())

    def enrol(self, learner: str, name: str = "", email: str = "") -> Learner:
        """The learner's row; made and saved if there is none yet."""
        learner = _plain(learner)
        if learner not in self._rows:
            self._rows[learner] = self._housed(Learner(learner, name, email, ""))
            self._write()
        return self._rows[learner]

    def by_folder(self, folder: str) -> Learner:
        """Whose folder this is. A folder nobody owns stands for a learner of that name."""
        for row in self._rows.values():
            if row.folder == folder:
                return row
        return Learner(folder, "", "", folder)

    def _read(self, number: int, row: dict[str, str]) -> None:
        learner, folder = _plain(row.get("learner", "")), row.get("folder", "").strip()
        amiss = None
        if not learner:
            amiss = "has no `learner`"
        elif learner in self._rows:
            amiss = f"names {learner!r} a second time"
        elif folder and not SAFE_FOLDER.fullmatch(folder):
            amiss = f"has the folder {folder!r}; use small letters, digits and hyphens, or nothing"
        elif folder in self._folders:
            amiss = f"has the folder {folder!r}, which is somebody else's"
        if amiss:
            raise Problem(f"{self.path}: line {number} {amiss}. Mend the line, then try again.")
        self._rows[learner] = Learner(learner, row.get("name", ""), row.get("email", ""), folder)
        self._folders |= {folder} - {""}

    def _housed(self, row: Learner) -> Learner:
        if row.folder:
            return row
        numbers = [re.fullmatch(r"learner-(\d+)", other.folder) for other in self._rows.values()]
        last = max((int(found[1]) for found in numbers if found), default=0)
        return Learner(row.learner, row.name, row.email, f"learner-{last + 1:03d}")

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(self.COLUMNS)
        for row in self._rows.values():
            writer.writerow([escaped(getattr(row, column)) for column in self.COLUMNS])
        draft = self.path.with_suffix(".draft")
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
        draft.replace(self.path)


def pick(name: str, known: dict[str, list[str]]) -> str:
    """The key of `known` that goes by `name`. Raises WrongUsage with the nearest names."""
    for key, names in known.items():
        if name in names:
            return key
    owner = {spelling: key for key, names in known.items() for spelling in names}
    near = difflib.get_close_matches(name, owner, n=3, cutoff=0.3)
    nearest = list(dict.fromkeys(owner[spelling] for spelling in near))
    hint = f"Nearest: {', '.join(nearest)}." if nearest else "`mildip modules` lists all names."
    raise WrongUsage(f"There is no module {name!r}. {hint}")


def expect_nbgrader_warnings() -> None:
    """nbgrader fills its tables in an order that SQLAlchemy 2 remarks on; nothing is lost."""
    warnings.filterwarnings("ignore", "Object of type .* not in session")


def _plain(learner: str) -> str:
    return unicodedata.normalize("NFC", learner).strip()
