"""Bring in what learners handed in: from nbgrader's exchange, or from a folder of files."""

import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.classroom import Course, Problem, WrongUsage
from autograder.intake.gate import Refused, parse, read, stamp

ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar")
LITTER = {".DS_Store", ".ipynb_checkpoints", "__MACOSX", "Thumbs.db", "desktop.ini"}
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f %Z"
MAX_NESTING = 3


@dataclass(frozen=True)
class HandIn:
    """One learner's files for one module; `reason` says why there are none."""

    learner: str
    module: str
    at: datetime
    notebooks: dict[str, Path]
    reason: str | None = None


@dataclass(frozen=True)
class Stray:
    """Something that nobody's module could be found for, or that needs a second look."""

    what: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """What became of a hand-in: new, updated, unchanged, older, refused."""

    learner: str
    folder: str
    module: str
    outcome: str
    at: datetime
    reason: str | None = None


def collect_folder(
    course: Course, source: Path, modules: list[str] | None = None
) -> tuple[list[Collected], list[Stray]]:
    """Take in `SOURCE/<learner>/…/<notebook>.ipynb` and `SOURCE/<learner>__<notebook>.ipynb`.

    `modules` narrows what is looked for; if it is a single one, a learner without its
    notebook is told so. Raises WrongUsage if `source` is not a folder."""
    if source.suffix.lower() in ARCHIVES:
        raise WrongUsage(f"{source} is an archive. Unpack it, then collect the folder.")
    if not source.is_dir():
        raise WrongUsage(f"{source} is not a folder. Name the folder that holds the work.")
    found, strays = scan(course, source, modules or course.modules())
    return [take(course, one) for one in found], strays


def collect_exchange(
    course: Course, modules: list[str] | None = None
) -> tuple[list[Collected], list[Stray]]:
    """Take in the newest submission of every learner from nbgrader's exchange.

    Work under one name that belongs to another account is taken in, and told."""
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError, ExchangeFactory

    collected, strays = [], []
    for module in modules or course.modules():
        coursedir = CourseDirectory(config=course.config, assignment_id=module)
        box = ExchangeFactory(config=course.config).Collect(
            coursedir=coursedir, config=course.config
        )
        try:
            box.init_src()  # only finds them; nbgrader's own copying follows links
        except ExchangeError as error:
            raise Problem(
                f"Nothing can be collected from the exchange: {error}. "
                "`mildip release --exchange` sets it up; to collect files instead, name "
                "their folder: `mildip collect FOLDER`."
            ) from None
        for record in box.src_records:
            folder = Path(box.inbound_path, record["filename"])
            names = [] if folder.is_symlink() else course.notebooks(module)
            paths = {name: folder / f"{name}.ipynb" for name in names}
            present = {name: path for name, path in paths.items() if os.path.lexists(path)}
            reason = None if present else _lacks(course, module, folder)
            at = record["timestamp"].replace(tzinfo=UTC)
            collected.append(take(course, HandIn(record["username"], module, at, present, reason)))
            owner = _owner_account(folder)
            if box.check_owner and owner != record["username"]:
                claim = f"of {record['username']} was put there by the account {owner}; ask them"
                strays.append(Stray(module, claim))
    return collected, strays


def scan(course: Course, source: Path, modules: list[str]) -> tuple[list[HandIn], list[Stray]]:
    """Whose files are these, and for what? Reads names, and stamps where names do not help."""
    found: dict[tuple[str, str], dict[str, Path]] = defaultdict(dict)
    absent: dict[tuple[str, str], tuple[str, Path]] = {}
    strays = []
    for entry in sorted(source.iterdir()):
        if entry.name in LITTER:
            continue
        if entry.is_symlink() and entry.is_dir():
            strays.append(Stray(entry.name, "is a link to a folder, and links are not followed"))
            continue
        if entry.is_dir():
            learner, files = entry.name, list(_files(entry))
        elif "__" in entry.stem:
            learner, files = _owner(course, entry.stem), [entry]
        else:
            strays.append(Stray(entry.name, "is neither a learner's folder nor LEARNER__NOTEBOOK"))
            continue
        unknown = []
        for path in files:
            place = _belongs(course, path, learner, modules)
            if place is None:
                unknown.append(path)
                continue
            module, notebook = place
            rival = found[learner, module].get(notebook)
            if rival is None or _when(path) > _when(rival):
                found[learner, module][notebook] = path
        asked = list(modules) if len(modules) == 1 else []
        asked += [module for module in modules if entry.joinpath(module).is_dir()]
        for module in asked:
            if (learner, module) not in found:
                where = entry / module if (entry / module).is_dir() else entry
                absent[learner, module] = _lacks(course, module, where), where
        if not any(learner == one for one, _ in absent):
            strays += [Stray(str(path.relative_to(source)), _why_stray(path)) for path in unknown]
    hand_ins = [
        HandIn(learner, module, max(map(_when, paths.values())), paths)
        for (learner, module), paths in found.items()
    ]
    hand_ins += [
        HandIn(learner, module, _when(where), {}, reason)
        for (learner, module), (reason, where) in absent.items()
    ]
    return hand_ins, strays


def take(course: Course, hand_in: HandIn) -> Collected:
    """Keep the originals in the inbox; put the notebooks where nbgrader looks for them."""
    folder = course.roster.enrol(hand_in.learner).folder
    inbox = course.room / "inbox" / folder / hand_in.module
    submitted = course.step("submitted") / folder / hand_in.module
    reason, contents = hand_in.reason, {}
    for notebook, path in sorted(hand_in.notebooks.items()):
        try:
            contents[notebook] = read(path)
        except Refused as refusal:
            reason = str(refusal)

    def done(outcome: str) -> Collected:
        result = Collected(hand_in.learner, folder, hand_in.module, outcome, hand_in.at, reason)
        if outcome not in ("unchanged", "absent"):
            course.log(
                "collect",
                learner=hand_in.learner,
                folder=folder,
                module=hand_in.module,
                outcome=outcome,
                handed_in=hand_in.at.isoformat(timespec="seconds"),
                reason=reason,
            )
        return result

    if hand_in.reason and submitted.exists():
        return done("absent")  # nothing new never takes the place of something
    content = hashlib.sha256(repr((reason, sorted(contents.items()))).encode()).hexdigest()[:12]
    kept = inbox / f"{hand_in.at:%Y%m%dT%H%M%SZ}-{content}"
    if kept.exists() or (submitted.exists() and _held(submitted) == contents and not reason):
        return done("unchanged")
    _fill(kept, contents, hand_in.at, reason)
    if submitted.exists() and hand_in.at < _timestamp((submitted / "timestamp.txt").read_text()):
        return done("older")
    known = submitted.exists()
    shutil.rmtree(submitted, ignore_errors=True)
    _fill(submitted, contents, hand_in.at, reason)
    return done("refused" if reason else "updated" if known else "new")


def _fill(folder: Path, contents: dict[str, bytes], at: datetime, reason: str | None) -> None:
    folder.mkdir(parents=True)
    for notebook, data in contents.items():
        (folder / f"{notebook}.ipynb").write_bytes(data)
    (folder / "timestamp.txt").write_text(at.strftime(TIMESTAMP))
    if reason:
        (folder / "refused.txt").write_text(reason, encoding="utf-8")


def _held(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in folder.glob("*.ipynb")}


def _files(folder: Path) -> Iterator[Path]:
    """Files under a learner's folder; links are yielded, never entered."""
    for top, folders, names in os.walk(folder):
        here = Path(top)
        deep = len(here.relative_to(folder).parts) >= MAX_NESTING
        folders[:] = [] if deep else sorted(set(folders) - LITTER)
        yield from (here / name for name in sorted(set(names) - LITTER))


def _owner(course: Course, stem: str) -> str:
    for module in course.modules():
        for notebook in course.notebooks(module):
            if stem.endswith(f"__{notebook}"):
                return stem.removesuffix(f"__{notebook}")
    return stem.rsplit("__", 1)[0]


def _owner_account(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return "of nobody on this machine"


def _belongs(
    course: Course, path: Path, learner: str, modules: list[str]
) -> tuple[str, str] | None:
    """Module and notebook a file stands for: by its name, then by the release's stamp."""
    if path.suffix != ".ipynb":
        return None
    name = path.stem.removeprefix(f"{learner}__")
    named = [module for module in modules if name in course.notebooks(module)]
    if len(named) > 1:
        named = [module for module in named if module in path.parts]
    if len(named) == 1:
        return named[0], name
    try:
        module = stamp(parse(read(path))).get("module")
    except Refused:
        return None
    if module not in modules or len(course.notebooks(module)) != 1:
        return None
    return module, course.notebooks(module)[0]


def _lacks(course: Course, module: str, where: Path) -> str:
    wanted = " or ".join(f"{name}.ipynb" for name in course.notebooks(module))
    held = [path.name for path in _files(where)][:5] if where.is_dir() else [where.name]
    got = f"It held {', '.join(held)}." if held else "It was empty."
    unpack = " Archives are not opened: unpack them." if any(map(_is_archive, held)) else ""
    return f"What was handed in lacks {wanted}. {got}{unpack} Hand in the notebook itself."


def _why_stray(path: Path) -> str:
    if _is_archive(path.name):
        return "is an archive; archives are not opened, so unpack it and collect again"
    if path.suffix == ".ipynb":
        return "is no notebook of this course by its name, nor by the stamp of a release"
    return "is not a notebook"


def _is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVES)


def _when(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _timestamp(text: str) -> datetime:
    from nbgrader.utils import parse_utc

    return parse_utc(text.strip()).replace(tzinfo=UTC)
