"""Where the course keeps its files: in a checkout, or inside an installed wheel."""

from pathlib import Path

_SHIPPED = Path(__file__).parent / "_shipped"

#: The folder that holds `datasets/` and `notebooks/`.
ROOT = _SHIPPED if _SHIPPED.is_dir() else Path(__file__).parent.parent

DATASETS = ROOT / "datasets"
NOTEBOOKS = ROOT / "notebooks"
ANSWERS = ROOT / "answers" if ROOT == _SHIPPED else ROOT / "tests" / "answers"
