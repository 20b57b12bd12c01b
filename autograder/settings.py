"""One nbgrader configuration, for stock `nbgrader` commands and for `mildip` alike."""

import os
import sysconfig
from pathlib import Path

from traitlets.config import Config

#: What `nbgrader_config.py` holds; `mildip new` writes it into a new course folder.
CONFIG_FILE = '''\
"""Where this course runs: read by `nbgrader`, by JupyterLab's grading panels and by `mildip`.

Everything a class makes lies under `classroom/` beside this file. Settings an instructor adds
below the last line win over ours.
"""

from pathlib import Path

from autograder.settings import configure

c = get_config()  # noqa: F821 - given by traitlets, like __file__
configure(c, Path(__file__).parent)
'''


def configure(c: Config, root: Path) -> Config:
    """Fill `c` for a course whose root is `root` (made absolute). Returns `c`."""
    environment_on_path()
    root = root.absolute()
    room = root / "classroom"
    room.mkdir(exist_ok=True)  # SQLite makes the file, not the folder

    # Steps stay relative: nbgrader builds regular expressions from `root` plus the step.
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.course_id = "course"
    c.CourseDirectory.source_directory = "notebooks"
    c.CourseDirectory.db_url = f"sqlite:///{room / 'gradebook.db'}"
    for step in ("release", "submitted", "autograded", "feedback", "solution"):
        c.CourseDirectory[f"{step}_directory"] = f"classroom/{step}"
    c.CourseDirectory.source_with_tests_directory = "classroom/source_with_tests"

    # These default to the working folder or to a system folder.
    c.Exchange.root = str(room / "exchange")
    c.Exchange.cache = str(room / "exchange_cache")
    c.Exchange.assignment_dir = str(room / "fetched")
    c.ZipCollectApp.downloaded_directory = str(room / "downloaded")

    c.ClearSolutions.code_stub = {"python": "..."}
    c.ClearSolutions.text_stub = "*Write your answer here.*"
    c.GenerateAssignment.preprocessors = [
        "autograder.release.SeminarOnly",
        "nbgrader.preprocessors.IncludeHeaderFooter",
        "nbgrader.preprocessors.InstantiateTests",
        "nbgrader.preprocessors.LockCells",
        "nbgrader.preprocessors.ClearSolutions",
        "autograder.release.ClearWorkOutput",
        "nbgrader.preprocessors.CheckCellMetadata",
        "nbgrader.preprocessors.ComputeChecksums",
        "nbgrader.preprocessors.SaveCells",
        "nbgrader.preprocessors.ClearHiddenTests",
        "nbgrader.preprocessors.ClearMarkScheme",
        "nbgrader.preprocessors.ComputeChecksums",
        "nbgrader.preprocessors.CheckCellMetadata",
        "autograder.release.Stamp",
    ]

    # `nbgrader autograde` and formgrader's button: the exporter grades, nothing else is done.
    c.Autograde.exporter_class = "autograder.runner.exporter.EngineExporter"
    c.Autograde.sanitize_preprocessors = []
    c.Autograde.autograde_preprocessors = []

    show_safely(c)

    # The page is ours whole; the nested section leaves formgrader's own template alone.
    c.GenerateFeedback.preprocessors = ["autograder.feedback.FeedbackPage"]
    c.FeedbackPage.root = str(root)
    c.GenerateFeedback.HTMLExporter.template_name = "mildip"
    c.GenerateFeedback.HTMLExporter.extra_template_basedirs = [
        str(Path(__file__).parent / "feedback" / "templates")
    ]
    return c


def show_safely(c: Config) -> Config:
    """Have formgrader clean what learners wrote and put out. Returns `c`.

    Also read by every nbgrader program of an environment (`share/nbgrader_config.py`): formgrader
    keeps the exporter of where JupyterLab was started, whichever course is opened later."""
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.preprocessors = ["autograder.feedback.formgrader.PlainOutputs"]
    c.HTMLExporter.filters = {
        "markdown2html": "autograder.feedback.formgrader.markdown",
        "clean_html": "autograder.feedback.formgrader.html",
    }
    c.GenerateFeedback.HTMLExporter.preprocessors = []  # it reads what is cleaned away
    return c


def environment_on_path() -> None:
    """nbgrader calls programs of this environment by name, activated or not."""
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, [scripts, os.environ.get("PATH")]))
