"""Where this course runs: read by `nbgrader`, by JupyterLab's grading panels and by `mildip`.

Everything a class makes lies under `classroom/` beside this file. Settings an instructor adds
below the last line win over ours.
"""

from pathlib import Path

from autograder.settings import configure

c = get_config()  # noqa: F821 - given by traitlets, like __file__
configure(c, Path(__file__).parent)

# This course: what answers may read, and how figures cross to the checks.
from course import places  # noqa: E402

c.Engine.read = [str(path) for path in places.OPEN]
c.Engine.hide = [str(path) for path in places.CLOSED]
c.Engine.as_data = "course.figures.as_data"
