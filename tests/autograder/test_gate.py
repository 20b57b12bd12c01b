"""The gate: which files are read as notebooks, and the reason a learner gets for the rest.

Left out: what a notebook may do once it runs; nothing here runs one.
"""

import json
import os

import nbformat
import pytest

from autograder.intake.gate import MAX_BYTES, MAX_CELLS, MAX_DEPTH, Refused, parse, read

CELL = {"cell_type": "markdown", "metadata": {}, "source": "text"}

ODD = {"output_type": "display_data", "data": "x"}


def notebook(**changes) -> bytes:
    whole = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 4} | changes
    return json.dumps(whole).encode()


def deep(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels):
        value = {"a": value}
    return value


REFUSED = {
    "empty": (b" \n", "empty"),
    "cut off": (notebook()[:-20], "cut off"),
    "bad UTF-8": (b'{"cells": "\xff\xfe"}', "byte 11 is not UTF-8"),
    "a list": (b"[1, 2]", "not a notebook"),
    "a page": (b"<html></html>", "cannot be read as JSON"),
    "a huge number": (b'{"nbformat": ' + b"9" * 5000 + b"}", "not a notebook"),
    "format 3": (notebook(nbformat=3), "format 3"),
    "no cells": (notebook(cells=[]), "no cells"),
    "cells that are text": (notebook(cells="none"), "no cells"),
    "too many cells": (notebook(cells=[CELL] * (MAX_CELLS + 1)), "at most"),
    "a cell that is text": (notebook(cells=[CELL, "x"]), "cell 2 is not a cell"),
    "an unknown kind of cell": (notebook(cells=[CELL | {"cell_type": "video"}]), "no known type"),
    "a cell without text": (notebook(cells=[CELL | {"source": None}]), "no readable text"),
    "bad metadata": (notebook(metadata=[]), "metadata cannot be read"),
    "a minor format in words": (notebook(nbformat_minor="x"), "metadata cannot be read"),
    "no metadata": (notebook(cells=[{"cell_type": "raw", "source": ""}]), "unreadable metadata"),
    "no outputs": (notebook(cells=[CELL | {"cell_type": "code"}]), "unreadable outputs"),
    "odd outputs": (notebook(cells=[CELL | {"cell_type": "code", "outputs": [ODD]}]), "damaged"),
    "too deep for us": (notebook(metadata=deep(MAX_DEPTH)), "too deeply"),
    "too deep for Python": (b'{"a":' * 100_000, "too deeply"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_is_a_damaged_file_refused_with_a_reason(kind):
    data, reason = REFUSED[kind]
    with pytest.raises(Refused, match=reason):
        parse(data)


@pytest.mark.parametrize("kind", REFUSED)
def test_does_every_reason_say_what_to_do(kind):
    with pytest.raises(Refused, match=r"hand it in again|Fetch the module|are read"):
        parse(REFUSED[kind][0])


@pytest.mark.parametrize(
    "data",
    [
        notebook(),
        b"\xef\xbb\xbf" + notebook(),
        notebook(cells=[CELL | {"source": ["line 1\n", "line 2"]}]),
        notebook(cells=[CELL | {"cell_type": "code", "outputs": []}]),
        notebook(cells=[CELL | {"id": "same"}] * 2, nbformat_minor=5),
        notebook(metadata=deep(MAX_DEPTH - 10)),
        nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_raw_cell("x")])).encode(),
    ],
)
def test_does_a_whole_notebook_pass(data):
    assert all(isinstance(cell.source, str) for cell in parse(data).cells)


def test_is_another_modules_notebook_refused_by_its_stamp():
    data = notebook(metadata={"mildip": {"module": "m02_words"}})
    assert parse(data, "m02_words")
    with pytest.raises(Refused, match="notebook of m02_words, handed in under the name of m01"):
        parse(data, "m01_sums")


def test_is_a_link_never_followed(tmp_path):
    (tmp_path / "secret.ipynb").write_bytes(notebook())
    link = tmp_path / "link.ipynb"
    link.symlink_to(tmp_path / "secret.ipynb")
    assert read(tmp_path / "secret.ipynb") == notebook()
    with pytest.raises(Refused, match="not a link"):
        read(link)


def test_does_a_pipe_or_folder_in_place_of_a_file_not_hold_up_the_class(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(Refused, match="not a file"):
            read(tmp_path / f"{name}.ipynb")


def test_is_a_file_beyond_the_limit_not_read(tmp_path):
    path = tmp_path / "large.ipynb"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(Refused, match=r"20\.0 MB; at most 20 MB"):
        read(path)
