"""Formgrader: what a reader is shown of a learner's work can do nothing but be read.

A real Jupyter server serves one hostile submission, started above the course, where only the
environment's configuration reaches formgrader; its exporter is also tried with the course's
own. Left out: MathJax, which nbgrader fetches from a public server and which reads formulas
in its safe mode; and what the scripts of the page do in a browser.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.server_extensions.formgrader import handlers

from autograder import gradebook
from autograder.classroom import Course
from autograder.feedback.formgrader import UNSHOWN
from course.places import ROOT

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert(2)"><style>*{display:none}</style>

[a link](javascript:alert(3)) and <a href="javascript:alert(4)">another</a>, <b id="m01_t2"
class="score" style="position:fixed" onmouseover="alert(5)">bold</b>

# m01_t2

<iframe src="https://example.org"></iframe><form action="/logout"><input name="x"></form>
<svg onload="alert(6)"><script>alert(7)</script></svg><base href="https://example.org">
<meta http-equiv="refresh" content="0;https://example.org"><img src="https://example.org/p.png">
<object data="x"></object>

![pasted](attachment:shot.png) ![far](https://example.org/q.png)

| a | b |
|---|---|
| 1 | 2 |
"""

TABLE = """<div><style scoped>x</style><table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th><th>who</th></tr></thead>
<tbody><tr><th>0</th><td>Fiji</td></tr></tbody></table></div>"""

SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(8)"><script>alert(9)</script></svg>'


def shown(data: dict, **metadata) -> NotebookNode:
    return new_output("display_data", data, metadata=metadata)


OUTPUTS = [
    shown({"text/html": HOSTILE, "text/plain": "plain"}),
    shown({"text/html": TABLE}),
    shown({"text/html": HOSTILE}, **{"text/html": {"isolated": True}}),
    shown({"text/markdown": HOSTILE}),
    shown({"image/svg+xml": SVG}),
    shown({"image/png": '"><script>alert(10)</script>'}),
    shown({"image/png": "aGk="}, **{"image/png": {"width": "1 onerror=alert(11)"}}),
    shown({"image/png": "aGk="}, width="1 onload=alert(12)", unconfined=True),
    shown({"image/jpeg": "aGk="}, filenames={"image/jpeg": "https://example.org/r.jpg"}),
    shown({"application/javascript": "alert(13)"}),
    shown({"application/vnd.jupyter.widget-view+json": {"model_id": "</script><script>alert(14)"}}),
    shown({"text/vnd.mermaid": "<script>alert(15)</script>"}),
    shown({"application/json": {"not": "text"}, "text/plain": "instead"}),
    new_output("stream", text="<script>alert(16)</script>"),
    new_output("error", ename="<b>", evalue="x", traceback=["<script>alert(17)</script>"]),
]


def hostile(nb: NotebookNode) -> NotebookNode:
    """A graded notebook that says and shows whatever a learner could make it."""
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "m01_t2":
            cell.source = HOSTILE
        elif name in ("m01_t1", "m01_t1_check"):
            cell.outputs = OUTPUTS
    own = new_code_cell("'<script>alert(18)</script>'", outputs=OUTPUTS)
    own.metadata["tags"] = ['"><script>alert(19)</script>']
    markdown = nbformat.v4.new_markdown_cell(HOSTILE)
    raw = nbformat.v4.new_raw_cell(HOSTILE, metadata={"raw_mimetype": "text/html"})
    nb.cells += [own, markdown, raw]
    return nb


def expect_harmless(page: str) -> None:
    """No part of the page that stems from the notebook runs, fetches, frames or styles; and the
    reader's boxes are there, once each."""
    soup = BeautifulSoup(page, "html.parser")
    shown = soup.select_one("#notebook-container")
    assert not shown.select("script, style, iframe, object, embed, form, link, base, meta, svg")
    named = [
        (tag.name, name, value) for tag in shown.select("*") for name, value in tag.attrs.items()
    ]
    assert [one for one in named if one[1].startswith("on")] == []
    addresses = {value for _, name, value in named if name in ("src", "href", "action", "data")}
    assert all(one.startswith("data:image/") for one in addresses), addresses
    assert {tag for tag, name, _ in named if name == "style"} == {"input", "span"}  # nbgrader's
    assert [tag.name for tag in shown.select(".score")] == ["input"] * 3
    for name in ("m01_t1_check", "m01_t1_check_more", "m01_t2"):
        assert [tag.name for tag in soup.find_all(id=name)] == ["input"]
    assert [tag.name for tag in shown.select("#m01_t2-comment, #m01_t1-comment")] == [
        "textarea"
    ] * 2
    # What is harmless stays.
    assert len(shown.select("table th")) >= 6 and "Fiji" in shown.text and "instead" in shown.text
    assert "[picture shot.png]" in shown.text and UNSHOWN in shown.text
    assert "Task 1.1: double" in [tag.text for tag in shown.select("h2")]
    assert len(shown.select('img[src="data:image/png;base64,aGk="]')) == 6


def test_does_formgraders_template_show_nothing_raw(graded):
    config = graded.config.copy()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    path = graded.step("autograded") / graded.roster.enrol("right").folder / "m01_sums/sums.ipynb"
    resources = {"base_url": "", "submission_id": "s", "index": 0, "total": 1}
    nb = hostile(nbformat.read(path, as_version=4))
    expect_harmless(HTMLExporter(config=config).from_notebook_node(nb, resources=resources)[0])


class Server:
    """A Jupyter server with nbgrader's extensions, in a process of its own."""

    def __init__(self, folder: Path, home: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        home.mkdir()
        shutil.copy(ROOT / "share" / "nbgrader_config.py", home)
        self.log = (home / "log").open("w")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"),
                f"--port={self.address.rpartition(':')[2]}",
                "--IdentityProvider.token=word",
            ],
            cwd=folder,
            # Where an installed package puts it, whether or not this one is.
            env=os.environ | {"HOME": str(home), "JUPYTER_CONFIG_PATH": str(home)},
            stdout=self.log,
            stderr=self.log,
        )

    def ask(self, path: str, data: dict | None = None) -> str:
        request = urllib.request.Request(
            self.address + path,
            headers={"Authorization": "token word"},
            data=json.dumps(data).encode() if data else None,
            method="PUT" if data else "GET",
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read().decode()

    def wait(self) -> "Server":
        until = time.monotonic() + 60
        while True:
            try:
                self.ask("/api/status")
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, self.log.name
                time.sleep(0.1)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def served(graded, tmp_path):
    """A class with one hostile notebook, and a server started in the folder above it."""
    course = Course(tmp_path / "above" / "class")
    shutil.copytree(graded.root, course.root)
    folder = course.roster.enrol("right").folder
    path = course.step("autograded") / folder / "m01_sums" / "sums.ipynb"
    nbformat.write(hostile(nbformat.read(path, as_version=4)), path)
    server = Server(tmp_path / "above", tmp_path / "home")
    try:
        yield course, folder, server.wait()
    finally:
        server.close()


@pytest.mark.slow
def test_can_a_reader_open_and_mark_hostile_work_unharmed(served):
    course, folder, server = served
    with course.gradebook() as gb:
        notebook = gb.find_submission_notebook("sums", "m01_sums", folder).id
    server.ask(f"/formgrader?path={course.root}")
    expect_harmless(server.ask(f"/formgrader/submissions/{notebook}/"))

    answer = f"?submission_id={notebook}"
    (grade,) = [
        one for one in json.loads(server.ask(f"/formgrader/api/grades{answer}"))
        if one["name"] == "m01_t2"
    ]  # fmt: skip
    (comment,) = [
        one for one in json.loads(server.ask(f"/formgrader/api/comments{answer}"))
        if one["name"] == "m01_t2"
    ]  # fmt: skip
    server.ask(f"/formgrader/api/grade/{grade['id']}", {"manual_score": 6.5})
    server.ask(f"/formgrader/api/comment/{comment['id']}", {"manual_comment": "<b>Clear.</b>"})
    (row,) = [one for one in gradebook.rows(course, ["m01_sums"]) if one.folder == folder]
    assert (row.written, row.total, row.status) == (6.5, 10.0, "graded")
