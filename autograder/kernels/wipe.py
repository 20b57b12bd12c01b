"""Empty a folder that somebody hostile has filled: any depth, any rights, any number."""

import contextlib
import itertools
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path


def empty(folder: str | os.PathLike, until: float = math.inf) -> None:
    """Remove everything in `folder`, which is ours. Follows no link; what is mounted stays.

    Raises TimeoutError if there is still something at `until`, a time.monotonic() moment."""
    folder = os.path.realpath(folder)
    _open_up(folder)
    if list(_unlink_files(folder, until)):
        mounts = {Path(os.fsdecode(one)) for one in _mounts()}
        _empty(folder, mounts, {up for one in mounts for up in one.parents}, until)


def _empty(folder: str, mounts: set[Path], above_mounts: set[Path], until: float) -> None:
    _open_up(folder)
    numbers = itertools.count()
    for path in _unlink_files(folder, until):
        if Path(path) in above_mounts:
            _empty(path, mounts, above_mounts, until)  # as deep as our own mounts, no deeper
    while paths := [
        path for path in _unlink_files(folder, until) if Path(path) not in mounts | above_mounts
    ]:
        for path in paths:
            _open_up(path)
            for inner in list(_unlink_files(path, until)):
                # A folder is moved up before its turn comes, so that no path grows long.
                _open_up(inner)
                os.rename(inner, f"{folder}/.wiped-{os.getpid()}-{next(numbers)}")
            os.rmdir(path)


def _unlink_files(folder: str, until: float) -> Iterator[str]:
    """Unlink all but folders; yield those."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if time.monotonic() > until:
                raise TimeoutError("there is too much to remove")
            if entry.is_dir(follow_symlinks=False):
                yield entry.path
            else:
                with contextlib.suppress(OSError):  # a single file may be mounted, too
                    os.unlink(entry.path)


def _open_up(folder: str) -> None:
    with contextlib.suppress(OSError):  # somebody else's, such as /tmp
        os.chmod(folder, 0o700)


def _mounts() -> list[bytes]:
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    return [line.split()[4].replace(b"\\040", b" ") for line in lines]
