"""Read what was handed in, within limits, or say why not in words a learner can act on."""

import json
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import nbformat
from nbformat import NotebookNode

MAX_BYTES = 20_000_000
MAX_CELLS = 2_000
MAX_DEPTH = 60

AGAIN = "Open the notebook in JupyterLab, save it, and hand it in again."


class Refused(Exception):
    """This cannot be graded; the text tells the learner why and what to do."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file to read from. Links are not followed. Raises Refused."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Refused(f"{path.name} is not among the files handed in.") from None
    except OSError as error:
        raise Refused(
            f"{path.name} cannot be opened as a file ({error.strerror}). "
            "Hand in the notebook itself, not a link or a shortcut to it."
        ) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Refused(f"{path.name} is not a file. Hand in the notebook itself.")
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def read(path: Path) -> bytes:
    """The bytes of a regular file of at most MAX_BYTES. Links are not followed."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise Refused(
                f"The file has {size / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB "
                "are read. Clear large outputs, save, and hand it in again."
            )
        return file.read(MAX_BYTES)


def parse(data: bytes, module: str | None = None) -> NotebookNode:
    """A version-4 notebook with at least one cell, handed in for `module` (any if None).

    Raises Refused; nothing here trusts nbformat to cope with damaged input."""
    if not data.strip():
        raise Refused(f"The file is empty. {AGAIN}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            f"The file is damaged: byte {error.start} is not UTF-8 text. {AGAIN}"
        ) from None
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(
            "The file is not a whole notebook: it cannot be read as JSON from line "
            f"{error.lineno}, column {error.colno}. It may have been cut off. {AGAIN}"
        ) from None
    except RecursionError:
        raise Refused(f"The file is nested too deeply. {AGAIN}") from None
    except ValueError as error:  # for example a number of a million digits
        raise Refused(f"The file is not a notebook ({error}). {AGAIN}") from None
    if _depth(raw) > MAX_DEPTH:
        raise Refused(f"The file is nested too deeply. {AGAIN}")
    if not isinstance(raw, dict) or "nbformat" not in raw:
        raise Refused(f"The file is JSON, but not a notebook. {AGAIN}")
    if raw["nbformat"] != 4:
        raise Refused(f"The notebook has format {str(raw['nbformat'])[:20]}, not 4. {AGAIN}")
    cells = raw.get("cells")
    if not isinstance(cells, list) or not cells:
        raise Refused(
            "The notebook has no cells. Fetch the module again, copy your answers into it, "
            "and hand that in."
        )
    if len(cells) > MAX_CELLS:
        raise Refused(f"The notebook has {len(cells)} cells; at most {MAX_CELLS} are read.")
    if not isinstance(raw.get("metadata"), dict) or not isinstance(raw.get("nbformat_minor"), int):
        raise Refused(f"The notebook is damaged: its metadata cannot be read. {AGAIN}")
    for number, cell in enumerate(cells, start=1):
        if amiss := _amiss(cell):
            raise Refused(f"The notebook is damaged: cell {number} {amiss}. {AGAIN}")
    nb = _as_nbgrader_reads_it(text)
    said = stamp(nb).get("module")
    if module and said and said != module:
        raise Refused(
            f"This is the notebook of {str(said)[:80]}, handed in under the name of {module}. "
            f"Hand in the notebook of {module}."
        )
    return nb


def stamp(nb: NotebookNode) -> dict:
    """What the release wrote into the notebook: edition, kind, module; {} if nothing."""
    found = nb.metadata.get("mildip")
    return found if isinstance(found, dict) else {}


def _amiss(cell: object) -> str | None:
    if not isinstance(cell, dict):
        return "is not a cell"
    if cell.get("cell_type") not in ("code", "markdown", "raw"):
        return "is of no known type"
    if not _is_text(cell.get("source")):
        return "has no readable text"
    metadata = cell.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("nbgrader", {}), dict):
        return "has unreadable metadata"
    outputs = cell.get("outputs") if cell["cell_type"] == "code" else []
    if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
        return "has unreadable outputs"
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(line, str) for line in value)
    )


def _as_nbgrader_reads_it(text: str) -> NotebookNode:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without ids, or with the same one, are fine
            return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat promises no particular one
        raise Refused(f"The notebook is damaged ({type(error).__name__}). {AGAIN}") from None


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest
