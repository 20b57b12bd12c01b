"""Stock `nbgrader autograde` and formgrader's button, on the engine.

nbgrader converts each notebook twice, to sanitise it and to run it, with an exporter that the
configuration names. Ours grades a submission whole as its first notebook is read, so that a
damaged file gets its row of zeros too; the second time it hands on what was graded.
"""

from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder import gradebook, grading
from autograder.classroom import Course, Problem
from autograder.editions import edition


class EngineExporter(NotebookExporter):
    """Reads a submission by grading it. One lives as long as one `nbgrader autograde`."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._results: dict[tuple[str, str], grading.Result] = {}

    def from_filename(
        self, filename: str, resources: dict | None = None, **kw: Any
    ) -> tuple[str, dict]:
        """The notebook at `filename`; what lies among the submissions comes back graded.

        Raises Problem if the trouble is ours: nbgrader then tells it and leaves no mark."""
        path, about = Path(filename), resources["nbgrader"]
        course = Course(Path(self.config.CourseDirectory.root))
        course.config.CourseDirectory.db_url = about["db_url"]
        key = about["student"], about["assignment"]
        graded = course.step("autograded").joinpath(*key) / path.name
        if path != graded:
            if key not in self._results:
                self._results[key] = self._grade(course, *key)
            if not graded.exists():
                reason = self._results[key].reason or "It was not marked."
                nb = new_notebook(cells=[new_markdown_cell(reason)])
                return self.from_notebook_node(nb, resources)
        return super().from_filename(str(graded), resources, **kw)

    def _grade(self, course: Course, folder: str, module: str) -> grading.Result:
        place = course.step("submitted") / folder / module
        job = grading.Job(folder, module, grading.released_edition(course, module), edition(place))
        how = grading.How(workers=0, backup=not self._results)
        (result,) = grading.grade(course, [job], how)
        if result.result in gradebook.NO_MARK:
            raise Problem(f"{result.reason} {result.detail}")
        for warning in result.warnings:
            self.log.warning(warning)
        return result
