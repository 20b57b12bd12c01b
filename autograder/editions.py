"""The name of an edition: what stands for the content of a folder."""

import fnmatch
import hashlib
from pathlib import Path

NOT_SOURCE = (".ipynb_checkpoints", "__pycache__", "*.pyc", "feedback")


def source_files(folder: Path) -> list[Path]:
    """Every file of a source folder that makes the module what it is, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(
            fnmatch.fnmatch(part, pattern)
            for part in path.relative_to(folder).parts
            for pattern in NOT_SOURCE
        )
    )


def edition(folder: Path) -> str:
    """Twelve hex digits that stand for the content of a folder (of a source, of a hand-in)."""
    digest = hashlib.sha256()
    for path in source_files(folder):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:12]
