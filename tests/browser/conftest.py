"""A real JupyterLab with released lessons in it, and a lesson opened in real Chromium."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from autograder.classroom import Course
from autograder.release import release
from course import syllabus
from course.places import NOTEBOOKS

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)


class Lab:
    """A running JupyterLab: its folder and the address of a notebook in it."""

    def __init__(self, folder: Path, port: int, token: str):
        self.folder, self.port, self.token = folder, port, token

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/{path}?token={self.token}&reset"


class Lesson:
    """A lesson as a learner has it before them. Cells are found by id."""

    def __init__(self, page: Page, notebook: Path):
        self.page = page
        self.ids = [cell.id for cell in nbformat.read(notebook, as_version=4).cells]
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=90_000)

    def cell(self, cell_id: str) -> Locator:
        found = self.page.locator(".jp-Notebook .jp-Cell").nth(self.ids.index(cell_id))
        found.scroll_into_view_if_needed()
        return found

    def choose(self, *names: str) -> None:
        """A command from the menu bar."""
        self.page.locator(".lm-MenuBar-item", has_text=names[0]).first.click()
        self.page.locator(".lm-Menu-item", has_text=names[1]).first.click()

    def run(self, cell_id: str) -> str:
        """Run one cell with Shift+Enter; what it shows once it is done."""
        cell = self.cell(cell_id)
        before = cell.locator(".jp-InputPrompt").first.inner_text()
        cell.locator(".jp-InputPrompt").first.click()
        self.page.keyboard.press("Shift+Enter")
        self.wait_until(
            lambda: cell.locator(".jp-InputPrompt").first.inner_text() not in (before, "[*]:")
        )
        return cell.locator(".jp-Cell-outputArea").inner_text()

    def write(self, cell_id: str, text: str) -> None:
        """Replace the text of a cell by typing over it."""
        self.cell(cell_id).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def wait_until(self, happened, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > end:
                raise TimeoutError(f"nothing happened within {seconds} s")
            self.page.wait_for_timeout(100)


def quiet_settings(folder: Path) -> dict[str, str]:
    """Environment of a JupyterLab of its own: nothing read from, or left in, the user's home."""
    settings = {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, value in settings.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), "utf-8")
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    places |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    bin_folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **{name: str(folder / place) for name, place in places.items()},
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
    }


def start_lab(lessons: Path, aside: Path) -> tuple[Lab, subprocess.Popen]:
    """JupyterLab on a free port with `lessons` as its folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(lessons, port, secrets.token_hex(16))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={lessons}", f"--IdentityProvider.token={lab.token}"]
    aside.mkdir(exist_ok=True)
    with (aside / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=quiet_settings(aside), stdout=log, stderr=log)
    for _ in range(600):
        try:
            urllib.request.urlopen(
                f"http://127.0.0.1:{port}/api?token={lab.token}", timeout=5
            ).close()
            return lab, server
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    server.kill()
    server.wait()
    raise RuntimeError(f"JupyterLab did not start:\n{(aside / 'lab.log').read_text()[-2000:]}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab with an empty folder for lessons."""
    place = tmp_path_factory.mktemp("lab")
    (place / "lessons").mkdir()
    lab, server = start_lab(place / "lessons", place / "aside")
    yield lab
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for this module: while it is open, an event loop runs in this thread, and
    other tests want to start their own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_lesson(lab, browser, tmp_path):
    """A function that opens the self-study edition of a module in a new window. At the end, a
    picture is kept of each."""
    pages = []
    course = Course.make(tmp_path / "course", NOTEBOOKS)

    def opened(name: str) -> Lesson:
        module = syllabus.module(name)
        made = release(course, module.folder)
        shutil.copytree(made.self_study, lab.folder / module.folder, dirs_exist_ok=True)
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.set_default_timeout(30_000)
        pages.append(page)
        path = f"{module.folder}/{module.notebook.name}"
        page.goto(lab.address(path))
        return Lesson(page, lab.folder / path)

    yield opened
    for number, page in enumerate(pages):
        page.screenshot(path=tmp_path / f"end-{number}.png")
        page.close()
