"""Where the course keeps its files: in a checkout, or inside an installed wheel."""

from pathlib import Path

_SHIPPED = Path(__file__).parent / "_shipped"

#: The folder that holds `datasets/` and `notebooks/`.
ROOT = _SHIPPED if _SHIPPED.is_dir() else Path(__file__).parent.parent

#: This package, without what an instructor keeps to themselves.
PACKAGE = Path(__file__).parent
DATASETS = ROOT / "datasets"
NOTEBOOKS = ROOT / "notebooks"
ANSWERS = ROOT / "answers" if ROOT == _SHIPPED else ROOT / "tests" / "answers"

#: nbgrader's configuration of this course, for new course folders.
CONFIG = ROOT / "nbgrader_config.py"

#: What learners' code may read, and what is masked within it.
OPEN = (PACKAGE, DATASETS)
CLOSED = (PACKAGE / "specimens", _SHIPPED / "notebooks", _SHIPPED / "answers")
