"""A room for other people's code: a warm process behind walls, one notebook at a time.

Three kinds. `bwrap`: bubblewrap gives the room its own file system, processes and no
network. `landlock`: where bubblewrap cannot run (inside Docker, say), the kernel confines
each forked process by itself. `none`: no walls, only limits; never chosen by itself.
"""

import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from autograder.kernels import channel, confine, wipe
from autograder.kernels.confine import Limits
from autograder.kernels.warm import descendants

KINDS = ("bwrap", "landlock", "none")

#: The unprivileged ids used when we are started as root: one for each seat of a process.
FIRST_ID, SEATS = 61_000, 2

#: Seconds a forked process may take until it serves.
START_SECONDS = 30.0

#: Seconds that emptying a room may take; after that it is thrown away.
CLEAN_SECONDS = 5.0

PREPARE_SECONDS = 120.0

#: Where a notebook runs inside bubblewrap, empty and writable.
WORK = "/sandbox"

#: Where its folder of sockets lies inside bubblewrap: beneath nothing that can be written to.
SOCKETS = "/sockets"

PACKAGE = Path(__file__).parent.parent

SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/fonts",
    "/etc/ssl",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONSAFEPATH": "1",
    "MPLCONFIGDIR": "/tmp/mpl",
    "IPYTHONDIR": "/tmp/ipython",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # read as pyplot is loaded
    "NBGRADER_EXECUTION": "autograde",
    # Its own pool reserves a gigabyte of addresses, which the limit on memory counts.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # One thread: a process with threads cannot be forked safely, and cores are for notebooks.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
}


class NoSandbox(RuntimeError):
    """No sandbox of the wanted kind runs here; the message says why and what to do."""


@dataclass(frozen=True)
class View:
    """What the inside may read besides the system and Python, and what is masked in it.

    `sockets` is a folder in which it may make Unix sockets, and nothing else."""

    read: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    sockets: str = ""


@dataclass
class Process:
    """A forked process: its channel, and its number inside the room."""

    pid: int
    sock: socket.socket
    seen: set = field(default_factory=set)

    def ask(self, request: dict, seconds: float, most: int = 50_000_000) -> dict:
        """One request, one answer. Raises channel.Gone, TookTooLong or TooLong."""
        channel.send(self.sock, request)
        return channel.receive(self.sock, time.monotonic() + seconds, most)


class Sandbox:
    """One warm process behind walls. Use as a context manager, or close it.

    Rooms of different `seat` (below SEATS) have different ids if we are root, so that neither
    can signal or look into the other, whatever its walls."""

    def __init__(self, kind: str, view: View, limits: Limits | None = None, seat: int = 0):
        self.kind, self.limits, self.seat = kind, limits or Limits(), seat
        self._view, self._prepared = view, None
        self._handed_out: list[socket.socket] = []
        self._start()

    def _start(self) -> None:
        kind, view = self.kind, self._view
        self._own_folder: str | None = None
        ours, theirs = socket.socketpair()
        self._sock = ours
        inside = SOCKETS if kind == "bwrap" and view.sockets else view.sockets
        self._sockets = (view.sockets, inside)
        work = self._work_folder()
        read = [*SYSTEM, *_python_folders(), str(PACKAGE), *view.read]
        if kind == "landlock":
            read = [part for path in read for part in around(path, view.hide)]
        command = [sys.executable, "-m", "autograder.kernels.warm", str(theirs.fileno())]
        if kind == "bwrap":
            command = [*bubblewrap(read, view.hide, view.sockets), *command]
        environment = {**ENVIRONMENT, "PYTHONPATH": str(PACKAGE.parent)}
        if kind != "bwrap":
            environment.update(
                HOME=work, MPLCONFIGDIR=f"{work}/../mpl", IPYTHONDIR=f"{work}/../ipython"
            )
        try:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                **_as_nobody(self.seat),
            )
        except OSError as error:
            ours.close()
            self._remove_own_folder()
            raise NoSandbox(f"the sandbox does not start: {error}") from error
        finally:
            theirs.close()
        # /proc/self only: others' environments and memory stay out of reach.
        profile = environment["IPYTHONDIR"]
        plan = {
            "kind": kind,
            "work": work,
            "wipe": [work, "/tmp", "/dev/shm"] if kind == "bwrap" else [work],
            "read": [*read, profile, "/proc/self", "/dev/urandom", "/dev/null"],
            "sockets": self._sockets[1],
        }
        channel.send(self._sock, plan)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(
        self,
        modules: Sequence[str] = (),
        files: dict[str, bytes] | None = None,
        cells: Sequence[str] = (),
        as_data: str = "",
        tables: Sequence[str] | None = None,
    ) -> list[dict]:
        """Load libraries, lay out files, run the cells all notebooks share; their results.

        `tables` are those of a room that this one will speak to; then `self.tables` are those
        that both have."""
        self._prepared = {
            "do": "prepare",
            "modules": list(modules),
            "files": {name: data.hex() for name, data in (files or {}).items()},
            "cells": list(cells),
            "as_data": as_data,
            "limits": self.limits.as_dict(),
            "tables": None if tables is None else list(tables),
        }
        reply = self._ask(self._prepared, PREPARE_SECONDS)
        self.tables = reply["tables"]
        return reply["ran"]

    def restart(self) -> None:
        """A new warm process in place of this one, prepared as it was."""
        self.close()
        self._start()
        try:
            if self._prepared:
                reply = self._ask(self._prepared, PREPARE_SECONDS)
                if reply["tables"] != self.tables:  # the other room counts on them
                    raise NoSandbox("the cells it begins with do not make the same tables twice")
        except BaseException:
            self.close()
            raise

    def fork(self, kernel: dict | None = None) -> Process:
        """A fresh, confined process that shares everything prepared, and serves.

        It answers requests as `Cells` does, or with `kernel` (what a connection file holds)
        serves Jupyter clients. Nobody's code has run in it: that none comes about is trouble of
        ours. The room is then made anew once, as it may have ended since it was last used."""
        try:
            return self._fork(kernel)
        except NoSandbox:
            self.restart()
            return self._fork(kernel)

    def _fork(self, kernel: dict | None) -> Process:
        request: dict[str, Any] = {"do": "fork"}
        if kernel is not None:
            request["kernel"] = {**kernel, "ip": kernel["ip"].replace(*self._sockets, 1)}
        ours, theirs = socket.socketpair()
        self._handed_out.append(ours)
        with theirs:
            reply = self._ask(request, START_SECONDS, [theirs.fileno()])
        try:
            said = channel.receive(ours, time.monotonic() + START_SECONDS)
        except (channel.Gone, channel.TookTooLong) as error:
            said = {"trouble": f"it said nothing ({error}); is the limit on memory too low?"}
        if "trouble" in said:
            raise NoSandbox(f"a process of the sandbox did not start: {said['trouble']}")
        return Process(reply["pid"], ours)

    def interrupt(self, process: Process) -> None:
        self.signal(process, signal.SIGINT)

    def signal(self, process: Process, number: int) -> None:
        self._ask({"do": "signal", "pid": process.pid, "number": int(number)}, 10.0)

    def poll(self, process: Process) -> int | None:
        """The exit status of a process, as in subprocess; None while it runs."""
        return self._ask({"do": "poll", "pid": process.pid}, 10.0)["exit"]

    def clean(self) -> dict:
        """Kill everything but the warm process and empty the work folder.

        A room that cannot be cleaned in good time is thrown away and made anew."""
        self._hang_up()
        try:
            return self._ask({"do": "clean", "seconds": CLEAN_SECONDS}, 2 * CLEAN_SECONDS)
        except NoSandbox as error:
            if isinstance(error.__cause__, channel.Gone):
                raise  # it ended before, and not for what there is to clean
            self.restart()
            return {}

    def usage(self) -> dict:
        """`memory_mb` and `files` that everything in the room but the warm process holds.

        Files are counted where the room has a disk of its own, with bwrap; 0 elsewhere."""
        return self._ask({"do": "usage"}, 10.0)

    def pss_kb(self) -> int:
        return self._ask({"do": "pss"}, 10.0)["pss_kb"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def _hang_up(self) -> None:
        while self._handed_out:
            self._handed_out.pop().close()

    def close(self) -> None:
        self._hang_up()
        self._sock.close()
        if self.kind != "bwrap":  # it ends what it started, then itself
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self._kill()
        self._process.stderr.close()
        self._remove_own_folder()

    def _ask(self, request: dict, seconds: float, fds: list[int] | None = None) -> dict:
        try:
            channel.send(self._sock, request, fds)
            reply = channel.receive(self._sock, time.monotonic() + seconds)
        except (channel.Gone, channel.TookTooLong) as error:
            raise NoSandbox(f"the sandbox has stopped ({error}): {self._last_words()}") from error
        if "trouble" in reply:
            raise NoSandbox(f"the sandbox could not {request['do']}: {reply['trouble']}")
        return reply

    def _kill(self) -> None:
        """End the warm process; if it did not end what it had started, that too."""
        below = descendants(self._process.pid) if self._process.poll() is None else []
        self._process.kill()
        self._process.wait()
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _last_words(self) -> str:
        self._kill()
        return self._process.stderr.read().decode(errors="replace")[-500:].strip()

    def _work_folder(self) -> str:
        if self.kind == "bwrap":
            return WORK
        self._own_folder = tempfile.mkdtemp(prefix="mildip-")
        for name in ("", "work", "mpl", "ipython"):
            os.makedirs(f"{self._own_folder}/{name}", 0o700, exist_ok=True)
            own_by_sandbox(f"{self._own_folder}/{name}", self.seat)
        return f"{self._own_folder}/work"

    def _remove_own_folder(self) -> None:
        """Nobody waits long for it, however much lies there."""
        folder, self._own_folder = self._own_folder, None
        if folder:
            removal = threading.Thread(target=_remove, args=(folder, self.seat), daemon=True)
            try:
                removal.start()
                removal.join(CLEAN_SECONDS)
            except RuntimeError:  # the process is ending; no thread starts any more
                _remove(folder, self.seat, time.monotonic() + CLEAN_SECONDS)


def bubblewrap(read: Sequence[str], hide: Sequence[str], sockets: str = "") -> list[str]:
    """The command line of the walls; what follows it runs inside."""
    command = [
        "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent",
        "--new-session", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev",
        "--size", "200000000", "--tmpfs", "/tmp", "--size", "200000000", "--tmpfs", WORK,
        "--size", "50000000", "--tmpfs", "/dev/shm",
    ]  # fmt: skip
    for path in sorted(set(read), key=lambda one: (len(Path(one).parts), one)):
        if os.path.islink(path) and Path(path).parent == Path("/"):
            command += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            command += ["--ro-bind", path, path]
    for path in hide:
        if os.path.isdir(path):
            command += ["--tmpfs", path]
        elif os.path.exists(path):
            command += ["--ro-bind", "/dev/null", path]
    if sockets:
        command += ["--bind", sockets, SOCKETS]
    # What bubblewrap makes up besides is memory without a limit, and outlives a notebook.
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return [*command, "--chdir", WORK, "--"]


def around(path: str, hide: Sequence[str]) -> list[str]:
    """`path` without what is hidden in it: Landlock can only allow, so all the rest is named."""
    path, hide = os.path.realpath(path), [os.path.realpath(one) for one in hide]
    if path in hide:
        return []
    if not any(one.startswith(path.rstrip("/") + "/") for one in hide):
        return [path]
    return [part for name in sorted(os.listdir(path)) for part in around(f"{path}/{name}", hide)]


def choose(wanted: str = "auto") -> str:
    """The kind of sandbox to use. Raises NoSandbox with reasons; never falls back to none."""
    if wanted == "auto":
        reasons = {}
        for kind in ("bwrap", "landlock"):
            reasons[kind] = probe(kind)
            if reasons[kind] is None:
                return kind
        said = "; ".join(f"{kind}: {reason}" for kind, reason in reasons.items())
        raise NoSandbox(
            f"No sandbox runs here ({said}). `mildip doctor` looks closer. Install bubblewrap, or "
            "use a Linux kernel of 5.13 or newer. `--sandbox none` grades without walls; use it "
            "only for work you trust."
        )
    if reason := probe(wanted):
        raise NoSandbox(f"The sandbox {wanted!r} does not run here: {reason}.")
    return wanted


@cache
def probe(kind: str) -> str | None:
    """Start one, fork in it, look at the walls: None if they hold, else the reason."""
    if kind == "none":
        return None
    if kind == "bwrap" and not shutil.which("bwrap"):
        return "bubblewrap is not installed"
    if kind == "landlock" and confine.landlock_abi() < 1:
        return "the kernel has no Landlock"
    look = (
        "import os, socket\n"
        "found = []\n"
        "for name, attempt in {\n"
        "    'root': lambda: os.geteuid() == 0,\n"
        "    'network': lambda: bool(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),\n"
        "    'outside': lambda: bool(os.listdir(PLACE)),\n"
        "}.items():\n"
        "    try:\n"
        "        found += [name] if attempt() else []\n"
        "    except OSError:\n"
        "        pass\n"
        "print(','.join(found) or 'walls hold')\n"
    )
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        Path(place, "secret").touch()
        try:
            with Sandbox(kind, View(), Limits(seconds=20)) as room:
                room.prepare()
                reply = room.fork().ask(
                    {"do": "run", "source": look.replace("PLACE", repr(place))}, 20.0
                )
        except (NoSandbox, OSError, channel.Gone) as error:
            return str(error)
    said = "".join(out.get("text", "") for out in reply["outputs"]).strip()
    return None if said == "walls hold" else f"its walls do not hold: {said or reply['outputs']}"


def _remove(folder: str, seat: int, until: float = math.inf) -> None:
    """Remove a room's folder with no more rights than the room had, as others may be at it.

    What cannot be removed is left to the system's own broom."""
    whose = _id(seat) if os.geteuid() == 0 else os.geteuid()
    with confine.files_touched_as(whose), contextlib.suppress(OSError):
        wipe.empty(folder, until)
        os.rmdir(folder)


def _as_nobody(seat: int) -> dict[str, Any]:
    """Popen arguments that drop root for good; nothing if we are not root."""
    who = _id(seat)
    return {"user": who, "group": who, "extra_groups": []} if os.geteuid() == 0 else {}


def own_by_sandbox(path: str, seat: int = 0) -> None:
    """Give a folder to the id that a seat's sandboxes run under; nothing to do if it is ours."""
    if os.geteuid() == 0:
        os.chown(path, _id(seat), _id(seat))


def _id(seat: int) -> int:
    return FIRST_ID + SEATS * (os.getpid() % 2000) + seat


def _python_folders() -> list[str]:
    """Where this interpreter and its packages live."""
    real = Path(os.path.realpath(sys.executable)).parent.parent
    return sorted({sys.prefix, sys.base_prefix, str(real)} - {"/usr", "/"})


def readable(path: str) -> bool:
    """Can somebody without rights reach this path? Every folder above must let them through."""
    with contextlib.suppress(OSError):
        return all(
            os.stat(one).st_mode & 0o005 == 0o005 or not os.path.isdir(one)
            for one in [path, *map(str, Path(path).parents)]
        )
    return False
