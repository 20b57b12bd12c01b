"""What every build shares: read a raw file, write a tidy one the same way each time."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

DATASETS = Path(__file__).resolve().parent.parent


def read(path: Path) -> pd.DataFrame:
    """Read a raw CSV file; whole numbers stay whole, only a blank cell is missing."""
    if not path.is_file():
        raise SystemExit(
            f"{path} is not there. datasets/build/README.md says where each raw file comes from."
        )
    # pandas would take Namibia's two-letter code, NA, for a missing value.
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype_backend="numpy_nullable")


def month_end(dates: pd.Series) -> pd.Series:
    """Move each ISO date to the last day of its month."""
    return (pd.to_datetime(dates) + pd.offsets.MonthEnd(0)).dt.strftime("%Y-%m-%d")


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write UTF-8 CSV with LF line ends and no index."""
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def run(build: Callable[[Path], pd.DataFrame], script: str) -> None:
    """Serve `python SCRIPT SOURCES_FOLDER`: build one dataset into `datasets/`."""
    if len(sys.argv) != 2:
        raise SystemExit(f"Usage: python {Path(script).name} SOURCES_FOLDER")
    target = DATASETS / f"{Path(script).stem}.csv"
    write(build(Path(sys.argv[1])), target)
    print(f"wrote {target.name}; now run all.py, which stamps bytes, hash and rows")
