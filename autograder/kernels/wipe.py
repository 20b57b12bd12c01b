"""Empty a folder that somebody hostile has filled: any depth, any rights, any number."""

import contextlib
import itertools
import os


def empty(folder: str | os.PathLike) -> None:
    """Remove everything in `folder`, whose owner we are. Never recurses, follows no link."""
    folder = os.fspath(folder)
    _open_up(folder)
    numbers = itertools.count()
    while folders := list(_unlink_files(folder)):
        for path in folders:
            _open_up(path)
            for inner in list(_unlink_files(path)):
                # A folder is moved up before its turn comes, so that no path grows long.
                _open_up(inner)
                os.rename(inner, f"{folder}/.wiped-{os.getpid()}-{next(numbers)}")
            os.rmdir(path)


def _unlink_files(folder: str):
    """Unlink all but folders; yield those."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.path
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)


def _open_up(folder: str) -> None:
    with contextlib.suppress(PermissionError):  # somebody else's, such as /tmp
        os.chmod(folder, 0o700)
