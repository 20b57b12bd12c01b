"""The warm process of a sandbox: libraries loaded, ready to fork a fresh process a notebook.

Started by `sandbox.py` as `python -m autograder.kernels.warm FD` with a bare environment.
It loads what a course uses, runs the cells every notebook begins with, and then forks on
request. A forked process is confined before it sees a line of anybody's code, and nothing
else lives beside it; when it is done, everything but this process is killed.

    prepare  {modules, files, cells, as_data, limits, tables}   once
    fork     {}  + one open file                        a process that serves on that file
    fork     {kernel}  + one open file                  a Jupyter kernel on that connection
    poll     {pid}                                      its exit status; None while it runs
    signal   {pid, number}
    usage    {}                                         memory and files of all others
    clean    {seconds}                                  kill all others, empty the work folder
"""

import contextlib
import gc
import importlib
import math
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from autograder.kernels import channel, confine, first_use, wipe

#: Seconds that ending what still runs may take as the room is closed.
END_SECONDS = 5.0


class Warm:
    """What the warm process holds."""

    def __init__(self, sock: socket.socket, plan: dict):
        self.sock, self.plan = sock, plan
        self.work = Path(plan["work"])
        self.children: set[int] = set()
        self.files: dict[str, str] = {}
        self.shell: Any = None

    def prepare(self, modules: list[str], files: dict[str, str], cells: list[str], as_data: str,
                limits: dict, tables: list[str] | None) -> dict:  # fmt: skip
        """Load the libraries, lay out the work folder, run the cells all notebooks share.

        `tables` are those that the other room has, by the name of their content."""
        from autograder.kernels.cells import Cells, make_shell
        from autograder.marking import wire

        self.limits = confine.Limits(**limits)
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        wire.tables()  # before any fork, where a library wants it
        self.files = files
        self._lay_out()
        os.chdir(self.work)
        sys.path.insert(0, str(self.work))
        self.shell = make_shell(self.limits.output_mb)
        self.cells = Cells(self.shell, as_data)
        space = dict(self.shell.user_ns)
        for source in first_use.cells():
            self.cells.run(source)
        self.shell.user_ns.clear()
        self.shell.user_ns.update(space)
        ran = [self.cells.run(source) for source in cells]
        tables = self.cells.share_tables(tables)
        gc.collect()
        gc.freeze()  # children share these pages instead of copying them
        if self.plan["kind"] != "none":
            confine.seccomp_program()
        threads = len(os.listdir("/proc/self/task"))
        return {"ran": ran, "threads": threads, "tables": tables}

    def fork(self, fd: int, kernel: dict | None = None) -> dict:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                self._become_learner(fd, kernel)
                status = 0
            finally:
                os._exit(status)
        os.close(fd)
        self.children.add(pid)
        return {"pid": pid}

    def _become_learner(self, fd: int, kernel: dict | None) -> None:
        """Serve on `fd`. The first message there says `ready`, or what trouble of ours there is."""
        self.sock.close()
        channel_to_worker = socket.socket(fileno=fd)
        try:
            os.setsid()
            confine.end_with_parent()
            confine.set_dumpable(True)
            # Where the machine's memory runs out, this process is to go, not the room.
            with open("/proc/self/oom_score_adj", "wb", buffering=0) as score:
                score.write(b"1000")
            self._confine()
            for one in (random, sys.modules.get("numpy.random")):
                if one is not None:
                    one.seed(0)
            # A full pipe would stop whoever comes next.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            if kernel is not None:
                from autograder.kernels.served import serve_kernel
        except BaseException as error:
            channel.send(channel_to_worker, {"trouble": f"{type(error).__name__}: {error}"})
            raise
        if kernel is None:
            channel.send(channel_to_worker, {"ready": True})
            self.cells.serve(channel_to_worker)
        else:
            serve_kernel(kernel, channel_to_worker)

    def _confine(self) -> None:
        confine.limit_resources(self.limits)
        kind, sockets = self.plan["kind"], self.plan["sockets"]
        read, write = self.plan["read"], [self.work, "/dev/null"]
        if kind == "bwrap":
            # Its mounts are the walls; only the folder of sockets lies outside them.
            read, write = ["/"], [*self.plan["wipe"], "/dev"]
        if kind != "none":
            confine.landlock(read, write, sockets, files=kind == "landlock" or bool(sockets))
            confine.seccomp()

    def signal(self, pid: int, number: int) -> dict:
        if pid in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return {}

    def poll(self, pid: int) -> dict:
        """The exit status of a child, asked once more after it was told: that of a killed one."""
        if pid not in self.children:
            return {"exit": -signal.SIGKILL}
        found, status = os.waitpid(pid, os.WNOHANG)
        if not found:
            return {"exit": None}
        self.children.discard(pid)
        return {"exit": os.waitstatus_to_exitcode(status)}

    def clean(self, seconds: float) -> dict:
        """End all and empty the work folder. Raises TimeoutError if that takes longer."""
        until = time.monotonic() + seconds
        ended = self.end_all(until)
        self._lay_out(until)
        return ended

    def end_all(self, until: float) -> dict:
        """Kill everything but this process. Says how the children ended."""
        if self.plan["kind"] == "bwrap":
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for pid in self.children:
                for group in (os.killpg, os.kill):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        group(pid, signal.SIGKILL)
        ended = {}
        while self.children:
            pid, status = os.waitpid(-1, 0)
            if pid in self.children:
                self.children.discard(pid)
                ended[pid] = os.waitstatus_to_exitcode(status)
        self._sweep(until)
        return {"ended": ended}

    def _sweep(self, until: float) -> None:
        """Kill what the children left, orphans too, until nobody is there."""
        if self.plan["kind"] == "bwrap":
            with contextlib.suppress(ProcessLookupError):
                for _ in range(1000):
                    os.kill(-1, signal.SIGKILL)
                    time.sleep(0.001)  # the first process of the namespace reaps them
            return
        while strays := descendants(os.getpid()):  # no process namespace: by parentage
            if time.monotonic() > until:
                raise TimeoutError("its processes do not end")
            _kill(strays)
            # One that forks and ends faster than we look at all is our own child at each turn.
            for _ in range(200):
                _kill(_children())
                with contextlib.suppress(ChildProcessError):
                    while os.waitpid(-1, os.WNOHANG)[0]:
                        pass

    def _lay_out(self, until: float = math.inf) -> None:
        for folder in filter(None, [*self.plan["wipe"], self.plan["sockets"]]):
            wipe.empty(folder, until)
        for name, text in self.files.items():
            target = self.work / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(bytes.fromhex(text))

    def usage(self) -> dict:
        """What the children hold: resident megabytes, files of libraries apart; and the number
        of files and folders, which only memory disks of bubblewrap's tell."""
        kilobytes = 0
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError, IndexError, ValueError):
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith(("RssAnon:", "RssShmem:")):
                        kilobytes += int(line.split()[1])
        disks = self.plan["wipe"] if self.plan["kind"] == "bwrap" else []
        files = sum(disk.f_files - disk.f_ffree for disk in map(os.statvfs, disks))
        return {"memory_mb": kilobytes * 1024 / 1e6, "files": files}

    def pss(self) -> dict:
        """Kilobytes of memory of this process, shared pages divided by who shares them."""
        return {"pss_kb": _pss("self")}


def _children() -> list[int]:
    """Our own, told by Linux without a look at everybody; none on a kernel that does not."""
    with contextlib.suppress(OSError):
        return [*map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())]
    return []


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """All processes below one, as far as can be seen; not the one itself."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
                parents[int(name)] = int(fields[1])
    found, frontier = [], [root]
    while frontier:
        frontier = [pid for pid, parent in parents.items() if parent in frontier]
        found += frontier
    return found


def _pss(pid: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def main(fd: int) -> None:
    """Serve the worker until it closes the channel."""
    if os.geteuid() == 0:
        raise SystemExit("The warm process does not run as root.")
    sock = socket.socket(fileno=fd)
    plan = channel.receive(sock)
    confine.set_dumpable(False)
    if plan["kind"] != "bwrap":
        # Orphans come to us, not to init, so that they can be found and killed.
        confine.become_subreaper()
    warm = Warm(sock, plan)
    operations = {
        "prepare": warm.prepare,
        "signal": warm.signal,
        "poll": warm.poll,
        "clean": warm.clean,
        "pss": warm.pss,
        "usage": warm.usage,
    }
    with contextlib.suppress(channel.Gone):
        while True:
            request, fds = channel.receive_with_fds(sock, 1)
            what = request.pop("do")
            try:
                reply = (
                    warm.fork(fds[0], **request) if what == "fork" else operations[what](**request)
                )
            except Exception as error:
                reply = {"trouble": f"{type(error).__name__}: {error}"}
            channel.send(sock, reply)
    if plan["kind"] != "bwrap" and warm.children:  # with bwrap they end with their namespace
        with contextlib.suppress(TimeoutError):
            warm.end_all(time.monotonic() + END_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
