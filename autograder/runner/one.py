"""Grade one notebook: bytes in, bytes out, limits inside.

`grade_one` is pure but for its speed: a worker keeps the two rooms of the last editions warm,
one for learners' code and one for checks. Answers run in the first, checks in the second;
what a check asks of an answer is handed across as data.
"""

import ast
import atexit
import contextlib
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.intake.gate import Refused, parse
from autograder.intake.rebuild import (
    defined_names,
    grade_id,
    import_lines,
    is_answer,
    is_check,
    is_for_self_study,
    is_graded,
    is_ours,
    is_task,
    rebuild,
    used_names,
)
from autograder.kernels import channel
from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import NoSandbox, Process, Sandbox, View
from autograder.marking.nbgraders import determine_grade
from autograder.marking.verdict import fit_to_tell, lines_for_learner

#: Editions a worker keeps warm at once; each holds two processes.
KEPT_WARM = 2

#: How often a notebook whose program ended is started again without what ended it.
MOST_STARTS = 4

#: Seconds between two looks at the memory and files in use while an answer is awaited.
LOOK_EVERY = 0.5

#: Bytes of one message, and of all that a learner's room may send for one notebook. Right
#: answers of our modules send 0.3 MB, a wrong one that changes a large table in place 33 MB.
MOST_BYTES, MOST_BYTES_IN_ALL = 50_000_000, 200_000_000

#: How often an answer may call what one check has passed to it, and how deep in each other.
MOST_CALL_BACKS, MOST_DEPTH = 100_000, 10

MOST_OUTPUTS = 1000
ENDED = "the notebook's program has ended"
UNFINISHED = "the check could not finish"

#: What is watched in the learner's room, and what is said of a cell that takes too much.
TOO_MUCH = {
    "memory_mb": "took more memory than there is",
    "files": "made more files than there is room for",
}

#: A notebook around one output: the validator of whole notebooks is the faster one.
_AROUND = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
_CELL = {"cell_type": "code", "id": "one", "metadata": {}, "source": "", "execution_count": None}


@dataclass(frozen=True)
class Settings:
    """How to run: the kind of sandbox, what the inside sees, limits, and which libraries to load
    besides those that the lesson's own cells import."""

    sandbox: str = "bwrap"
    read: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    as_data: str = ""
    cell_seconds: float = 20.0
    notebook_seconds: float = 120.0
    limits: dict = field(default_factory=lambda: Limits().as_dict())


def pack(**job: Any) -> bytes:
    """A job as bytes: `source`, `released`, `submission` (notebook texts), `files` (name ->
    hex), `settings` (of Settings), `module`, `notebook` (its name)."""
    return json.dumps(job).encode()


def grade_one(job: bytes) -> bytes:
    """Grade one submission. Never raises; the result is typed:

    graded, refused, timed out, died, infrastructure. `scores` has a row for every graded
    cell: points, or None where a reader is awaited. `reason` is for the learner."""
    with _one_at_a_time:
        return _grade(job)


def _grade(job: bytes) -> bytes:
    began = time.monotonic()
    try:
        given = json.loads(job)
        settings = Settings(**given["settings"])
        source = nbformat.reads(given["source"], as_version=4)
        released = nbformat.reads(given["released"], as_version=4)
        try:
            handed_in = parse(
                given["submission"].encode("utf-8", "surrogateescape"), given["module"]
            )
            rebuilt = rebuild(source, released, handed_in)
        except Refused as refusal:
            result = {"result": "refused", "reason": str(refusal), "scores": _zeros(source)}
        else:
            rooms = _rooms(given, settings, source)
            saved = _saved(given["notebook"], rebuilt.nb)
            result = _Run(rooms, settings, rebuilt.nb, released, saved).result()
            result["drift"] = rebuilt.drift
    except Exception as error:  # whatever it is, it is ours and this notebook's alone
        close_rooms()
        result = {"result": "infrastructure", "detail": f"{type(error).__name__}: {error}"}
    result["seconds"] = round(time.monotonic() - began, 3)
    return json.dumps(result).encode()


def close_rooms() -> None:
    """End the warm processes of this worker."""
    while _warm_rooms:
        _warm_rooms.popitem()[1].close()


class Rooms:
    """The two sandboxes of one edition, with the cells every notebook begins with done.

    `imports` are lines of its answers; `wanted` the answers' names that each cell of ours uses."""

    def __init__(self, settings: Settings, source: NotebookNode, files: dict[str, bytes]):
        view = View(tuple(settings.read), tuple(settings.hide))
        limits = Limits(**settings.limits)
        answers = [c.source for c in source.cells if is_answer(c) and c.cell_type == "code"]
        self.imports = [line for answer in answers for line in import_lines(answer)]
        names = set().union(*map(defined_names, answers))
        names -= defined_names("\n".join(self.imports))
        self.wanted = {
            grade_id(cell): sorted(names & used_names(cell.source))
            for cell in source.cells
            if cell.cell_type == "code" and is_ours(cell)
        }
        self.opening = _opening(source)
        self.opened = {grade_id(cell) for cell in self.opening}
        cells = [cell.source for cell in self.opening]
        self.learner = Sandbox(settings.sandbox, view, limits)
        self.marker = Sandbox(settings.sandbox, view, limits, seat=1)
        try:
            modules = [*settings.modules, *imports(source)]
            self.ran = self.learner.prepare(modules, files, cells, settings.as_data)
            there = self.learner.tables
            self.marker.prepare(modules, files, cells, settings.as_data, there)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.learner.close()
        self.marker.close()


_warm_rooms: OrderedDict[str, Rooms] = OrderedDict()
_one_at_a_time = threading.Lock()  # a Dask worker has threads; a room holds one notebook
atexit.register(close_rooms)


def _rooms(given: dict, settings: Settings, source: NotebookNode) -> Rooms:
    """The rooms of an edition, warm if this worker has just used them."""
    about = json.dumps([given["source"], given["settings"], given["files"]])
    key = hashlib.sha256(about.encode()).hexdigest()
    if key not in _warm_rooms:
        while len(_warm_rooms) >= KEPT_WARM:
            _warm_rooms.popitem(last=False)[1].close()
        files = {name: bytes.fromhex(text) for name, text in given["files"].items()}
        _warm_rooms[key] = Rooms(settings, source, files)
    _warm_rooms.move_to_end(key)
    return _warm_rooms[key]


def _opening(source: NotebookNode) -> list[NotebookNode]:
    """The locked code cells before the first cell a learner may write in."""
    cells = []
    for cell in source.cells:
        if is_for_self_study(cell):
            continue
        if cell.cell_type == "code" and (not is_ours(cell) or is_check(cell)):
            break
        if cell.cell_type == "code":
            cells.append(cell)
    return cells


def imports(source: NotebookNode) -> list[str]:
    """What the source's own cells import, to be loaded before any fork; a name that is imported
    from a module may be one itself."""
    found: list[str] = []
    for cell in source.cells:
        if cell.cell_type == "code" and not is_for_self_study(cell):
            with contextlib.suppress(SyntaxError):
                for node in ast.walk(ast.parse(cell.source)):
                    if isinstance(node, ast.Import):
                        found += [one.name for one in node.names]
                    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                        found.append(node.module)
                        found += [f"{node.module}.{one.name}" for one in node.names]
    return list(dict.fromkeys(found))


def _saved(name: str, nb: NotebookNode) -> str:
    """Code that saves the notebook beside the checks, as it lies beside a learner: a check may
    read what was written. Text only, no outputs; the room is emptied afterwards."""
    plain = NotebookNode(nb, metadata={}, cells=[
        {key: cell[key] for key in ("id", "cell_type", "source", "metadata") if key in cell}
        | ({"outputs": [], "execution_count": None} if cell.cell_type == "code" else {})
        for cell in nb.cells
    ])  # fmt: skip
    text = json.dumps(plain)
    return f"__import__('pathlib').Path({name + '.ipynb'!r}).write_text({text!r}, 'utf-8')"


def _zeros(source: NotebookNode) -> dict[str, float]:
    return {grade_id(cell): 0.0 for cell in source.cells if is_graded(cell)}


class _Run:
    """One notebook on its way through the two rooms.

    First all cells of the learner run; at each check it is noted what its names stand for
    then. Next the checks run as they were released, for what they say; last, whole, for what
    they earn. So nothing a learner reads was said after a hidden check had been asked. Where
    the second run asks what the first did, the first answer stands.
    A program that ends early is started again without the cell or the check that ended it.
    The checks have time of their own, so that a slow answer costs its check and not the rest.
    """

    def __init__(
        self,
        rooms: Rooms,
        settings: Settings,
        nb: NotebookNode,
        released: NotebookNode,
        saved: str,
    ):
        self.rooms, self.settings, self.nb, self.saved = rooms, settings, nb, saved
        self.as_released = {grade_id(c): c.source for c in released.cells if is_check(c)}
        self.until = time.monotonic() + settings.notebook_seconds
        self.marked_until = self.until + 2 * settings.cell_seconds + 10.0
        self.learner: Process | None = None
        self.marker: Process | None = None
        self.left_out: set[int] = set()
        self.starts = 0
        self.given_up = False
        self.trouble: tuple[str, str] | None = None
        self.times: dict[str, float] = {}
        self.bytes_left = MOST_BYTES_IN_ALL
        self.call_backs = self.depth = 0
        self.tables: dict[str, Any] = {}  # all that checks have sent, by the name of its content
        self.sent: set[str] = set()  # those that the learner's process has
        self.first_answers: dict[str, list[tuple[str, str]]] = {}  # as text, which is small
        self.ended_by: dict[int, list[NotebookNode]] = {}  # what a check showed that ended it
        self.left_to_repeat: Iterator[tuple[str, str]] | None = None

    def result(self) -> dict:
        try:
            given = self._run_cells()
            self.until = self.marked_until
            told = self._run_visible(given)
            if self._may_start_again():
                given = self._run_cells()
            scores = self._run_checks(given, told)
        finally:
            for process in (self.learner, self.marker):
                if process is not None:
                    process.sock.close()
            for room in (self.rooms.learner, self.rooms.marker):
                with contextlib.suppress(NoSandbox):  # the next notebook gets a new one
                    room.clean()
        kind, reason = self.trouble or ("graded", None)
        return {
            "result": kind,
            "reason": reason,
            "scores": scores,
            "notebook": nbformat.writes(self.nb),
            "cells": self.times,
        }

    # First, the learner's cells.

    def _run_cells(self) -> dict[int, list[dict]]:
        """Run them all; for each check (by place) what its names stand for."""
        while True:
            self.starts += 1
            self.learner = self.rooms.learner.fork()
            self.sent, self.first_answers = set(self.rooms.marker.tables), {}
            given, ended_in = self._pass()
            if ended_in is None or self.given_up:
                return given
            self.left_out.add(ended_in)
            if self.starts >= MOST_STARTS or time.monotonic() > self.until:
                self.left_out |= set(range(ended_in, len(self.nb.cells)))
                self.given_up = True  # one last time, without the rest
                self.until = time.monotonic() + self.settings.cell_seconds

    def _pass(self) -> tuple[dict[int, list[dict]], int | None]:
        opening = {
            grade_id(cell): ran
            for cell, ran in zip(self.rooms.opening, self.rooms.ran, strict=True)
        }
        given: dict[int, list[dict]] = {}
        untouched: set[str] = set()
        for place, cell in enumerate(self.nb.cells):
            name = grade_id(cell)
            if cell.cell_type != "code":
                continue
            if is_check(cell):
                wanted = self.rooms.wanted[name]
                given[place] = [self._stands_for(one, one in untouched) for one in wanted]
            elif is_ours(cell) and name in opening:
                cell.outputs = _outputs(opening[name]["outputs"], self.settings)
            elif place not in self.left_out:
                if is_answer(cell):
                    names = defined_names(cell.source)
                    untouched = (
                        untouched | names if cell.metadata.mildip.untouched else untouched - names
                    )
                began = time.monotonic()
                reply = self._ask_learner({"do": "run", "source": cell.source}, name)
                self.times[name or f"own-{place}"] = round(time.monotonic() - began, 4)
                cell.outputs = (
                    _outputs(reply["outputs"], self.settings)
                    if "outputs" in reply
                    else [_said(reply["error"]["text"])]
                )
            if self.learner is None:
                return given, place
        return given, None

    def _stands_for(self, name: str, untouched: bool) -> dict:
        """What to tell the marker of a name: data, a stand-in, or that it is not there."""
        reply = self._ask_learner({"do": "fetch", "name": name}, name)
        if "value" not in reply:
            return {"do": "forget", "name": name}
        data = reply["value"]
        if type(data) is dict and data.get("t") == "thing" and type(data.get("v")) is dict:
            thing = {**data["v"], "idle": bool(data["v"].get("idle")) or untouched}
            return {"do": "define", "name": name, "thing": {"t": "thing", "v": thing}}
        return {"do": "define", "name": name, "value": data}

    # Then the checks.

    def _run_visible(self, given: dict[int, list[dict]]) -> dict[int, set[str]]:
        """What the checks say as they were released: by place, the lines for the learner."""
        told: dict[int, set[str]] = {}
        self._new_marker([])
        for place, cell in enumerate(self.nb.cells):
            if cell.cell_type == "code" and is_check(cell):
                visible = self.as_released.get(grade_id(cell))
                if visible and self.learner is not None:
                    outputs = self._check(visible, given.get(place, []), grade_id(cell))
                    told[place] = {line for out in outputs for line in lines_for_learner(out)}
                    if self.learner is None:  # as it would again
                        self.ended_by[place] = [*outputs, _said(UNFINISHED)]
            else:
                self._mark_locked(cell)
        return told

    def _run_checks(
        self, given: dict[int, list[dict]], told: dict[int, set[str]]
    ) -> dict[str, float | None]:
        """Run them whole and score them; their outputs keep only what may be told."""
        scores: dict[str, float | None] = {}
        self.left_to_repeat = iter(())
        self._new_marker([])
        for place, cell in enumerate(self.nb.cells):
            name = grade_id(cell)
            if cell.cell_type == "code" and is_check(cell):
                began = time.monotonic()
                self.left_to_repeat = iter(self.first_answers.get(name, []))
                outputs = self.ended_by.get(place) or self._check(
                    cell.source, given.get(place, []), name
                )
                self.left_to_repeat = iter(())
                cell.outputs = [fit_to_tell(out, told.get(place, set())) for out in outputs]
                self.times[name] = round(time.monotonic() - began, 4)
                if self._may_start_again():
                    given = self._run_cells()
            else:
                self._mark_locked(cell)
            if is_graded(cell):
                scores[name] = self._score(cell)
        return scores

    def _may_start_again(self) -> bool:
        """Has the learner's program ended, with starts left?"""
        return self.learner is None and not self.given_up and self.starts < MOST_STARTS

    def _mark_locked(self, cell: NotebookNode) -> None:
        """The marker runs our own cells too, but for those its room has run already."""
        if cell.cell_type != "code" or not is_ours(cell):
            return
        if grade_id(cell) not in self.rooms.opened:
            for wanted in self.rooms.wanted[grade_id(cell)]:  # none of ours uses answers
                self._ask_marker(self._stands_for(wanted, False))
            self.locked_so_far.append(cell.source)
            self._ask_marker({"do": "run", "source": cell.source, "shown": False})

    def _check(self, source: str, given: list[dict], name: str) -> list[NotebookNode]:
        for request in given:
            self._ask_marker(request)
        self.call_backs = 0
        reply = self._ask_marker({"do": "run", "source": source, "told": "Plain"}, name)
        if reply is None:
            return [_said(UNFINISHED)]
        return _outputs(reply["outputs"], self.settings)

    def _score(self, cell: NotebookNode) -> float | None:
        if is_task(cell):
            return None
        if is_answer(cell):
            return 0.0 if cell.metadata.mildip.untouched else None
        plain = NotebookNode(cell)
        plain.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        try:
            return float(determine_grade(plain)[0])
        except (KeyError, ValueError):
            return 0.0  # a check that gives more than its points, or an empty value

    # Asking either side.

    def _ask_learner(self, request: dict, name: str, check_waits: bool = False) -> dict:
        """One answer from the learner's process; an error in data if there is none.

        If a check waits for it, it may first call functions that the check has passed."""
        if self.learner is None:
            return _no_answer("RuntimeError", ENDED)
        if not self.depth:
            seconds = min(self.settings.cell_seconds, self.until - time.monotonic())
            self.answer_until = time.monotonic() + max(0.05, seconds)
        late = self.answer_until + 5.0  # for what is long, on its way
        told = False
        try:
            channel.send(self.learner.sock, request, until=late)
            while self._answers(self.learner, self.answer_until):
                reply = self._received(late)
                if not _asks(reply):
                    if not _is_reply(reply, request["do"]):
                        raise ValueError("not a reply")
                    return reply
                reply = self._call_back(reply["ask"], name, check_waits)
                if self.learner is None:
                    return _no_answer("RuntimeError", ENDED)
                channel.send(self.learner.sock, {"reply": reply}, until=late)
                told = True
            return self._stop(name, told)
        except _TooMuch as what:
            self._lose("died", f"{_where(name)} {what}")
        except channel.TooLong:
            self._lose("died", f"{_where(name)} gave back more data than is read")
        except (channel.Gone, channel.TookTooLong, ValueError, RecursionError):
            self._lose("died", f"{_where(name)} ended the program that runs the notebook")
        return _no_answer("RuntimeError", ENDED)

    def _received(self, until: float) -> Any:
        """The next message of the learner's process, on the notebook's account."""
        body = channel.body(self.learner.sock, until, min(MOST_BYTES, self.bytes_left))
        self.bytes_left -= len(body)
        return json.loads(body)

    def _call_back(self, ask: Any, name: str, check_waits: bool) -> dict:
        """What a function of the check's gives to the answer that calls it.

        The marker is told a number and data, and looks for the number among those functions
        that it has lent to the call under way."""
        self.call_backs += 1
        if not (check_waits and _is_call_back(ask)):
            return {}
        if self.depth >= MOST_DEPTH or self.call_backs > MOST_CALL_BACKS:
            return _no_answer("RecursionError", "the check's function was called too often")
        if self.left_to_repeat is None:  # the check's own part cannot be repeated from memory
            self.first_answers.setdefault(name, []).append(("", ""))
        self.depth += 1
        try:
            request = {key: ask[key] for key in ("of", "args", "kwargs")}
            return self._converse({"do": "back", **request}, name)
        except _NoMarker:
            self._end_learner()  # it waits for an answer that will not come
            raise
        finally:
            self.depth -= 1

    def _answers(self, process: Process, until: float) -> bool:
        """Does it say something in time? Meanwhile the learner's memory and files are watched:
        what a cell has left running goes on while a check is at work."""
        while (now := time.monotonic()) < until:
            if channel.waits(process.sock, min(until, now + LOOK_EVERY)):
                return True
            used = self.rooms.learner.usage()
            for what, text in TOO_MUCH.items():
                if used[what] > getattr(self.rooms.learner.limits, what):
                    raise _TooMuch(text)
        return False

    def _stop(self, name: str, told: bool) -> dict:
        """Interrupt what runs; if it does not heed that, end it. So too if it was `told` what
        a call-back gave: it may not have read that yet, and would take it for a request."""
        text = f"{_where(name)} ran for more than {self.settings.cell_seconds:g} s"
        try:
            if told:
                raise channel.Gone("it may be told already")
            self.rooms.learner.interrupt(self.learner)
            until = time.monotonic() + 2.0
            while _asks(self._received(until)):  # said just before it was stopped
                if time.monotonic() > until:
                    raise channel.TookTooLong("it goes on asking")
            self._note("timed out", text)
        except (channel.TookTooLong, channel.Gone, channel.TooLong, ValueError, RecursionError):
            self._lose("timed out", text)
        return _no_answer("TimeoutError", f"stopped after {self.settings.cell_seconds:g} s")

    def _note(self, kind: str, what: str) -> None:
        """The first trouble is the one told; the sentence is for the learner."""
        advice = {
            "died": "Look for exit(), quit() or very large data.",
            "timed out": "Look for a loop without an end.",
        }
        sentence = f"{what[0].upper()}{what[1:]} and was stopped there; all else was marked."
        self.trouble = self.trouble or (kind, f"{sentence} {advice[kind]}")

    def _lose(self, kind: str, what: str) -> None:
        self._note(kind, what)
        self._end_learner()

    def _end_learner(self) -> None:
        if self.learner is not None:
            self.learner.sock.close()
        self.learner = None
        self.rooms.learner.clean()

    def _ask_marker(self, request: dict, name: str = "") -> dict | None:
        """One answer from the marker; None if it could not finish.

        A value made to break the marker costs that check, nothing else."""
        until = time.monotonic() + 2 * self.settings.cell_seconds + 10.0
        self.check_until = min(until, self.marked_until)
        try:
            return self._converse(request, name)
        except _NoMarker:
            if request["do"] == "run":
                self._note("died", f"{_where(name)} met a value it could not read")
            self._new_marker(self.locked_so_far)
            return None

    def _converse(self, request: dict, name: str) -> dict:
        """One answer from the marker, after passing its questions on. Raises _NoMarker."""
        try:
            channel.send(self.marker.sock, request, until=self.check_until + 5.0)
            while True:
                try:
                    in_time = self._answers(self.marker, self.check_until)
                except _TooMuch as what:
                    self._lose("died", f"{_where(name)} {what}")
                    continue
                if not in_time:
                    raise channel.TookTooLong("no answer in time")
                reply = channel.receive(self.marker.sock, self.check_until + 5.0, MOST_BYTES)
                if not _asks(reply):
                    return reply
                answer = {"reply": self._answer(reply["ask"], name)}
                channel.send(self.marker.sock, answer, until=self.check_until + 5.0)
        except (
            channel.Gone, channel.TookTooLong, channel.TooLong, ValueError, RecursionError
        ) as error:  # fmt: skip
            raise _NoMarker from error

    def _answer(self, question: dict, name: str) -> dict:
        """What the learner's side says to a check, unless it has said so in the first run."""
        tables = [
            one
            for one in [*question.get("args", []), *question.get("kwargs", {}).values()]
            if type(one) is dict and "seen" in one
        ]
        for one in tables:
            self.tables.setdefault(one["seen"], one.pop("data", None))
        asked = json.dumps(question)
        if self.left_to_repeat is not None:
            before, answer = next(self.left_to_repeat, ("", ""))
            if before == asked:
                return json.loads(answer)
            self.left_to_repeat = iter(())  # from here on other things are asked
        for one in tables:
            if one["seen"] not in self.sent:
                one["data"] = self.tables[one["seen"]]
        answer = self._ask_learner(question, name, check_waits=True)
        self.sent |= {one["seen"] for one in tables}
        if self.left_to_repeat is None:
            self.first_answers.setdefault(name, []).append((asked, json.dumps(answer)))
        return answer

    def _new_marker(self, locked: list[str]) -> None:
        """A fresh marker that has run these cells, beyond what its room has run."""
        if self.marker is not None:
            self.marker.sock.close()
            self.rooms.marker.clean()
        self.marker = self.rooms.marker.fork()
        self.locked_so_far = locked
        for source in [self.saved, *self.rooms.imports, *locked]:
            # One that takes too long is our trouble: its late answer would pass for the next.
            with contextlib.suppress(channel.Gone):
                self.marker.ask(
                    {"do": "run", "source": source, "shown": False}, self.settings.cell_seconds
                )


class _TooMuch(Exception):
    """The learner's room took more than it may; the text says of what."""


class _NoMarker(Exception):
    """The process that runs the checks has not answered, or nothing that can be read."""


def _asks(message: Any) -> bool:
    return type(message) is dict and "ask" in message


def _is_call_back(ask: Any) -> bool:
    """Is this a number and data? The learner's code may have sent anything."""
    kinds = {"of": int, "args": list, "kwargs": dict}
    return type(ask) is dict and all(type(ask.get(key)) is kind for key, kind in kinds.items())


def _is_reply(reply: Any, to: str) -> bool:
    """Is this an answer to such a request? The learner's code may have sent anything."""
    if type(reply) is not dict:
        return False
    if to == "run":
        return isinstance(reply.get("outputs"), list)
    error = reply.get("error", {})
    return (
        "value" in reply
        or reply.get("missing") is True
        or (
            isinstance(error, dict)
            and isinstance(error.get("kinds"), list)
            and isinstance(error.get("text"), str)
        )
    )


def _where(name: str) -> str:
    return f"cell {name}" if name else "a cell of your own"


def _no_answer(kind: str, text: str) -> dict:
    return {"error": {"kinds": [kind, "Exception"], "text": text, "line": None}}


def _said(text: str) -> NotebookNode:
    return nbformat.v4.new_output("error", ename="Stopped", evalue=text, traceback=[text])


def _outputs(outputs: Any, settings: Settings) -> list[NotebookNode]:
    """What a process says it put out, as notebook outputs; what is not one is left out."""
    kept, room = [], settings.limits["output_mb"] * 1_500_000
    for number, one in enumerate(outputs if isinstance(outputs, list) else []):
        room -= len(json.dumps(one))
        if room < 0 or number >= MOST_OUTPUTS:
            kept.append(nbformat.v4.new_output("stream", text="… the rest was cut off here.\n"))
            break
        with contextlib.suppress(Exception):  # the validator promises no particular one
            node = nbformat.from_dict(one)
            nbformat.validate(_AROUND | {"cells": [_CELL | {"outputs": [node]}]})
            kept.append(node)
    return kept
