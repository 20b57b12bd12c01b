"""Where this course runs: read by `nbgrader`, by JupyterLab's grading panels and by `mildip`.

Everything a class makes lies under `classroom/` beside this file. Settings an instructor adds
below the last line win over ours.
"""

from pathlib import Path

from autograder.settings import configure

c = get_config()  # noqa: F821 - given by traitlets, like __file__
configure(c, Path(__file__).parent)
