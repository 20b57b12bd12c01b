"""The sandbox as an ordinary Jupyter kernel, by the kernelspec `mildip-sandbox`.

nbclient, `nbgrader autograde`, nbval, `jupyter execute` and JupyterLab ask jupyter_client for
a kernel; jupyter_client asks this provisioner, and this one forks a kernel in a sandbox. The
talk is ZMQ over Unix sockets in a short folder, in which the inside may make sockets and
nothing else. The inside sees an empty work folder, not the notebook's; `files` says what is
laid out there.

A room holds one kernel at a time. It stays warm for the next kernel of the same settings; a
second kernel at the same time gets a second room.
"""

import asyncio
import atexit
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Dict, Enum, List, Unicode

from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import NoSandbox, Process, Sandbox, View, choose, own_by_sandbox

#: Rooms kept warm while no kernel runs in them.
KEPT_IDLE = 2

#: Exit status reported for a kernel whose room is gone.
LOST = 1

MOST_FILE_BYTES = 50_000_000

# Every word with a room is said in this one thread. Bubblewrap ends with the thread that
# started it, and this one lives as long as the process.
_thread = ThreadPoolExecutor(1, thread_name_prefix="mildip-rooms")


async def _in_thread(do: Callable, *arguments: Any) -> Any:
    try:
        begun = _thread.submit(do, *arguments)
    except RuntimeError:  # the process is ending; nbclient cleans up that late too
        return do(*arguments)
    return await asyncio.wrap_future(begun)


@dataclass
class _Room:
    """A sandbox with its folder of sockets; `key` says what it was made for."""

    key: str
    folder: str
    sandbox: Sandbox

    def close(self) -> None:
        self.sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_idle: list[_Room] = []
_all: list[_Room] = []


def _take(kind: str, view: View, limits: Limits, modules: list[str], files: dict[str, bytes]):
    """A warm room made for just this, or a new one. Raises NoSandbox."""
    about = [kind, asdict(view), asdict(limits), modules]
    key = json.dumps([about, {name: data.hex() for name, data in files.items()}])
    for room in _idle:
        if room.key == key:
            _idle.remove(room)
            return room
    folder = tempfile.mkdtemp(prefix="mk", dir="/tmp")  # a socket's path has 108 bytes at most
    own_by_sandbox(folder)
    view = View(view.read, view.hide, folder)
    try:
        sandbox = Sandbox(kind, view, limits)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    room = _Room(key, folder, sandbox)
    _all.append(room)
    try:
        sandbox.prepare(["autograder.kernels.served", *modules], files)
    except BaseException:
        _end(room)
        raise
    return room


def _give_back(room: _Room) -> None:
    """Keep a room for the next kernel, if it can still be cleaned."""
    if room not in _all:
        return  # closed already: the process is ending
    try:
        room.sandbox.clean()
    except NoSandbox:
        _end(room)
        return
    _idle.append(room)
    while len(_idle) > KEPT_IDLE:
        _end(_idle.pop(0))


def _end(room: _Room) -> None:
    _all.remove(room)
    room.close()


def close_rooms() -> None:
    """End all rooms of this process, kernels included; registered with atexit."""
    _idle.clear()
    while _all:
        _end(_all[-1])


atexit.register(close_rooms)


class SandboxProvisioner(KernelProvisionerBase):
    """Kernels from a sandbox, for jupyter_client's KernelManager.

    Settings come from the kernelspec's `metadata.kernel_provisioner.config` or from any
    Jupyter configuration, as `c.SandboxProvisioner.files = ["*.csv"]`.
    """

    sandbox = Enum(
        ("auto", "bwrap", "landlock"), "auto", help="The kind of sandbox; auto takes the first."
    ).tag(config=True)
    read = List(Unicode(), help="Paths the inside may read besides the system and Python.").tag(
        config=True
    )
    hide = List(Unicode(), help="Paths inside those that it may not (bwrap only).").tag(config=True)
    files = List(
        Unicode(), help="Patterns of files beside the notebook that are copied to the inside."
    ).tag(config=True)
    modules = List(
        Unicode(),
        ["numpy", "pandas", "pyarrow", "matplotlib.pyplot"],
        help="What the warm process loads before the first kernel.",
    ).tag(config=True)
    limits = Dict(
        {"seconds": 3600.0}, help="Limits of a kernel: see autograder.kernels.confine.Limits."
    ).tag(config=True)

    _room: _Room | None = None
    _process: Process | None = None
    _ended: int = 0

    @property
    def has_process(self) -> bool:
        """Asked by KernelManager after launch and before it signals: is there a kernel?"""
        return self._process is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Called by KernelManager.start_kernel (and a restart) before `launch_kernel`.

        Finds a room and makes the manager speak over its sockets. Raises NoSandbox.
        """
        if self._room is None:
            self._room = await _in_thread(
                _take,
                choose(self.sandbox),
                View(tuple(self.read), tuple(self.hide)),
                Limits(**self.limits),
                list(self.modules),
                _beside(Path(kwargs.get("cwd") or os.getcwd()), self.files),
            )
        manager = self.parent
        manager.transport, manager.ip = "ipc", f"{self._room.folder}/k"
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Called by KernelManager.start_kernel: fork, and wait until the sockets are bound.

        The kernelspec's command and the caller's environment stay outside.
        """
        plain = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in self.connection_info.items()
        }
        self._process = await _in_thread(self._start, plain)
        self._ended = 0
        return self.connection_info

    def _start(self, connection: dict) -> Process:
        process = self._room.sandbox.fork(connection)
        process.sock.close()
        return process

    async def poll(self) -> int | None:
        """Called by KernelManager.is_alive: None while the kernel runs, else its exit status."""
        if self._process is None:
            return self._ended
        try:
            return await _in_thread(self._room.sandbox.poll, self._process)
        except NoSandbox:
            return LOST

    async def wait(self) -> int | None:
        """Called by KernelManager.finish_shutdown and kill_kernel, each with its own time-out."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.02)
        self._process, self._ended = None, status
        return status

    async def send_signal(self, signum: int) -> None:
        """Called by KernelManager.signal_kernel; interrupts come as messages instead."""
        if self._process is not None:
            try:
                await _in_thread(self._room.sandbox.signal, self._process, signum)
            except NoSandbox:
                self.log.debug("the room of kernel %s is gone", self.kernel_id)

    async def kill(self, restart: bool = False) -> None:
        """Called by KernelManager.kill_kernel when a kernel must end now."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Called by KernelManager.finish_shutdown when a kernel did not end when asked."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Called by KernelManager.cleanup_resources at the end: nothing of the kernel is left.

        A kernel that is started again keeps its room, and so its sockets.
        """
        room, self._process = self._room, None
        if room is None:
            return
        if restart:
            await _in_thread(room.sandbox.clean)
        else:
            self._room = None
            await _in_thread(_give_back, room)


def _beside(folder: Path, patterns: list[str]) -> dict[str, bytes]:
    """The files of a folder that match, by name; links are left out. Raises NoSandbox if they
    are too large."""
    paths = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    paths = [
        path
        for path in paths
        if path.is_file() and path.resolve() == folder.resolve() / path.relative_to(folder)
    ]
    size = sum(path.stat().st_size for path in paths)
    if size > MOST_FILE_BYTES:
        raise NoSandbox(
            f"The files beside the notebook in {folder} have {size} bytes; at most "
            f"{MOST_FILE_BYTES} are copied into a sandbox. Name fewer in `files`."
        )
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
