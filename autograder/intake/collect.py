"""Bring in what learners handed in: from nbgrader's exchange, a folder, or an archive of one."""

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.classroom import Course, Problem, WrongUsage
from autograder.intake.gate import Refused, opened, parse, read, stamp
from autograder.intake.unpack import (
    MAX_FOLDERS,
    for_a_class,
    for_a_learner,
    is_archive,
    unpack,
    without_ending,
)

LITTER = {".DS_Store", ".ipynb_checkpoints", "__MACOSX", "Thumbs.db", "desktop.ini"}
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f %Z"
ADVICE = "Hand in the notebook itself, or a zip file with the notebook in it."


@dataclass(frozen=True)
class HandIn:
    """One learner's files for one module; `reason` says why there are none.

    `archives` are those the notebooks came in, or would have."""

    learner: str
    module: str
    at: datetime
    notebooks: dict[str, Path]
    reason: str | None = None
    archives: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Stray:
    """Something that nobody's module could be found for, or that needs a second look."""

    what: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """What became of a hand-in: new, updated, unchanged, older, refused, or absent: what was
    handed in before stays."""

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

    `source` is a folder, or an archive of one; a learner's files may be in archives too.
    `modules` narrows what is looked for; if it is a single one, a learner without its
    notebook is told so. Raises WrongUsage if `source` is neither or cannot be unpacked."""
    course.room.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="unpacked-", dir=course.room) as room:
            folder = source
            if is_archive(source.name) and source.is_file():
                folder = _unpacked_class(source, Path(room, "class"))
            if not folder.is_dir():
                raise WrongUsage(
                    f"{source} is neither a folder nor an archive. Name the folder, or the zip "
                    "or tar file, that holds the work."
                )
            chosen = modules or course.modules()
            found, strays = scan(course, folder, chosen, Path(room, "opened"))
            return [take(course, one) for one in found], strays
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Problem(
            f"There is no room left in {course.room}. Make some, then collect again: what was "
            "taken in by now stays, and the rest follows."
        ) from error


def _unpacked_class(source: Path, into: Path) -> Path:
    """The folder that an archive of a class holds."""
    try:
        unpack(source, into, for_a_class())
    except Refused as refusal:
        raise WrongUsage(f"{refusal} Unpack it yourself, then collect the folder.") from None
    inside = [path for path in into.iterdir() if not _is_litter(path.name)]
    # An archive made of a folder holds that folder, by the same name.
    if [path.name for path in inside] == [without_ending(source.name)] and inside[0].is_dir():
        return inside[0]
    return into


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
            held = [] if folder.is_symlink() else [path.name for path in _files(folder)]
            reason = None if present else _lacks(course, module, held)
            at = record["timestamp"].replace(tzinfo=UTC)
            collected.append(take(course, HandIn(record["username"], module, at, present, reason)))
            owner = _owner_account(folder)
            if box.check_owner and owner != record["username"]:
                claim = f"of {record['username']} was put there by the account {owner}; ask them"
                strays.append(Stray(module, claim))
    return collected, strays


def scan(
    course: Course, source: Path, modules: list[str], room: Path
) -> tuple[list[HandIn], list[Stray]]:
    """Whose files are these, and for what? Reads names, and stamps where names do not help.

    Learners' archives are opened below `room`, and hand-ins name files there."""
    hand_ins: list[HandIn] = []
    strays: list[Stray] = []
    for entry in sorted(source.iterdir()):
        learner = entry.name if entry.is_dir() else _owner(course, entry)
        if _is_litter(entry.name):
            continue
        if entry.is_symlink() and entry.is_dir():
            strays.append(Stray(entry.name, "is a link to a folder, and links are not followed"))
        elif not learner.strip():
            strays.append(Stray(entry.name, _why_nobodys(entry)))
        else:
            found, odd = _of_learner(course, learner, entry, modules, room)
            hand_ins += found
            strays += odd
    return hand_ins, strays


def _of_learner(
    course: Course, learner: str, entry: Path, modules: list[str], room: Path
) -> tuple[list[HandIn], list[Stray]]:
    """What lies in a learner's folder, or one file named after a learner."""
    files, refused = _opened(_files(entry) if entry.is_dir() else [entry], entry.parent, room)
    chosen: dict[str, dict[str, Path]] = defaultdict(dict)
    strays, unknown = [], []

    def shown(path: Path) -> str:
        return str(path.relative_to(room if path.is_relative_to(room) else entry.parent))

    for path in files:
        place = _belongs(course, path, learner, modules)
        if place is None:
            if not _belongs(course, path, learner, course.modules()):  # nor to one not asked for
                unknown.append(path)
            continue
        module, notebook = place
        rival = chosen[module].get(notebook, path)
        # Of several, the one handed in last; out of one archive, the one that was saved last.
        ranked = [(_when(files[one]), _when(one), one.stem == notebook) for one in (rival, path)]
        older, newer = (path, rival) if ranked[0] >= ranked[1] else (rival, path)
        if not _same(older, newer):
            strays.append(Stray(shown(older), f"was left aside for {shown(newer)}"))
        chosen[module][notebook] = newer

    hand_ins = []
    for module, paths in chosen.items():
        came_in = [files[path] for path in paths.values()]
        archives = tuple(dict.fromkeys(one for one in came_in if one not in paths.values()))
        at = max(map(_when, came_in))
        hand_ins.append(HandIn(learner, module, at, paths, archives=archives))
    for path, reason in refused.items():
        module = _meant(course, path, learner, modules)
        if module is None or any(one.module == module for one in hand_ins):
            strays.append(Stray(shown(path), f"was not opened: {reason.rstrip('.')}"))
        else:
            reason = f"{reason} {ADVICE}"
            hand_ins.append(HandIn(learner, module, _when(path), {}, reason, (path,)))
    for module in modules:
        where = entry / module if (entry / module).is_dir() else entry
        asked = len(modules) == 1 or where != entry
        if asked and not any(one.module == module for one in hand_ins):
            held = [path.name for path, came in files.items() if came.is_relative_to(where)]
            reason = _lacks(course, module, held)
            hand_ins.append(HandIn(learner, module, _when(where), {}, reason))
    if not (files or refused or hand_ins):
        strays.append(Stray(entry.name, "holds no files"))
    if not any(one.reason for one in hand_ins):  # else the reason names what was there
        strays += [
            Stray(shown(path), _why_stray(path))
            for path in unknown
            if not hand_ins or path.suffix == ".ipynb" or is_archive(path.name)
        ]
    return hand_ins, strays


def _opened(
    files: Iterable[Path], source: Path, room: Path
) -> tuple[dict[Path, Path], dict[Path, str]]:
    """Each file with what it was handed in as, itself or an archive; and the archives that
    cannot be opened, each with the reason. An archive inside an archive is left as it is."""
    limits, found, refused = for_a_learner(), {}, {}
    for path in files:
        if not is_archive(path.name):
            found[path] = path
            continue
        into = room / path.relative_to(source)
        try:
            unpack(path, into, limits)
        except Refused as refusal:
            refused[path] = str(refusal)
        else:
            found |= dict.fromkeys(_files(into), path)
    return found, refused


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

    content = hashlib.sha256(repr((reason, sorted(contents.items()))).encode()).hexdigest()[:12]
    kept = inbox / f"{hand_in.at:%Y%m%dT%H%M%SZ}-{content}"
    if hand_in.reason and submitted.exists():  # nothing new never takes the place of something
        if hand_in.archives and not kept.exists():
            _fill(kept, contents, hand_in.at, reason, hand_in.archives)
        return done("absent")
    counts = _timestamp((submitted / "timestamp.txt").read_text()) if submitted.exists() else None
    if not kept.exists():
        if counts and _held(submitted) == contents and not reason:
            return done("unchanged")
        _fill(kept, contents, hand_in.at, reason, hand_in.archives)
    elif counts and hand_in.at <= counts:
        return done("unchanged")
    # Kept, and newer than what counts: whoever took it in was interrupted here.
    if counts and hand_in.at < counts:
        return done("older")
    shutil.rmtree(submitted, ignore_errors=True)
    _fill(submitted, contents, hand_in.at, reason)
    return done("refused" if reason else "updated" if counts else "new")


def _fill(
    folder: Path,
    contents: dict[str, bytes],
    at: datetime,
    reason: str | None,
    archives: tuple[Path, ...] = (),
) -> None:
    """Make a folder with all of it, or none if it is interrupted."""
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for notebook, data in contents.items():
        (draft / f"{notebook}.ipynb").write_bytes(data)
    (draft / "timestamp.txt").write_text(at.strftime(TIMESTAMP))
    if reason:
        (draft / "refused.txt").write_text(reason, encoding="utf-8")
    for number, archive in enumerate(archives):
        with contextlib.suppress(Refused), opened(archive) as file:
            # One too large to be opened stays where it was found, and is not copied.
            if os.fstat(file.fileno()).st_size <= for_a_learner().in_all:
                name = f"{number}-{archive.name}" if number else archive.name
                with (draft / name).open("xb") as copy:
                    shutil.copyfileobj(file, copy)
    draft.rename(folder)


def _held(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in folder.glob("*.ipynb")}


def _files(folder: Path) -> Iterator[Path]:
    """Files under a learner's folder; links are yielded, never entered."""
    for top, folders, names in os.walk(folder):
        here = Path(top)
        deep = len(here.relative_to(folder).parts) >= MAX_FOLDERS
        folders[:] = [] if deep else sorted(one for one in folders if not _is_litter(one))
        yield from (here / name for name in sorted(names) if not _is_litter(name))


def _is_litter(name: str) -> bool:
    """What systems leave in folders and archives, such as `._sums.ipynb` by macOS."""
    return name in LITTER or name.startswith("._")


def _owner(course: Course, path: Path) -> str:
    """Whose LEARNER__NOTEBOOK a file is by its name; nobody's is ''."""
    stem = without_ending(path.name) if is_archive(path.name) else path.stem
    for module in course.modules():
        for notebook in course.notebooks(module):
            if stem.endswith(f"__{notebook}"):
                return stem.removesuffix(f"__{notebook}")
    return stem.rpartition("__")[0]


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


def _meant(course: Course, path: Path, learner: str, modules: list[str]) -> str | None:
    """The module an archive that cannot be opened was meant for, as far as names tell."""
    name = without_ending(path.name).removesuffix(".ipynb").removeprefix(f"{learner}__")
    named = [one for one in modules if name in (one, *course.notebooks(one)) or one in path.parts]
    found = modules if len(modules) == 1 else named
    return found[0] if len(found) == 1 else None


def _lacks(course: Course, module: str, held: list[str]) -> str:
    wanted = " or ".join(f"{name}.ipynb" for name in course.notebooks(module))
    got = f"It held {', '.join(held[:5])}." if held else "It was empty."
    return f"What was handed in lacks {wanted}. {got} {ADVICE}"


def _why_nobodys(entry: Path) -> str:
    if is_archive(entry.name):
        return (
            "is an archive of nobody's: `mildip collect` it by itself if it holds the work of a "
            "class, or name it LEARNER__NOTEBOOK"
        )
    return "is neither a learner's folder nor LEARNER__NOTEBOOK"


def _why_stray(path: Path) -> str:
    if is_archive(path.name):
        return "is an archive inside an archive, and those are not opened"
    if path.suffix == ".ipynb":
        return "is no notebook of this course by its name, nor by the stamp of a release"
    return "is not a notebook"


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or read(one) == read(other)
    except Refused:
        return False


def _when(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _timestamp(text: str) -> datetime:
    from nbgrader.utils import parse_utc

    return parse_utc(text.strip()).replace(tzinfo=UTC)
