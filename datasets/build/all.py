"""Build every dataset from the raw files, then stamp bytes, hash and rows.

    python datasets/build/all.py SOURCES_FOLDER [OUT_FOLDER]

Without OUT_FOLDER the repository's own `datasets/` is written. An OUT_FOLDER must already
hold `datapackage.json` and `claims.csv`, which are written by hand.
"""

import hashlib
import importlib
import json
import sys
from pathlib import Path

from _tidy import DATASETS, read, write

HAND_COMPILED = {
    "art5_timeline",
    "claims",
    "ihl_cases",
    "ihl_parties",
    "pk_timeline",
    "vcdr_cases",
}


def build_all(sources: Path, out: Path) -> None:
    """Write every built dataset into `out` and stamp its `datapackage.json`."""
    descriptor = out / "datapackage.json"
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    for resource in package["resources"]:
        path = out / resource["path"]
        if resource["name"] not in HAND_COMPILED:
            write(importlib.import_module(resource["name"]).build(sources), path)
        stamp(resource, path)
        print(f"{resource['path']:24}{resource['rows']:>8,} rows{resource['bytes']:>11,} bytes")
    text = json.dumps(package, indent=2, ensure_ascii=False) + "\n"
    descriptor.write_text(text, encoding="utf-8", newline="\n")


def stamp(resource: dict, path: Path) -> None:
    """Set bytes, hash and rows of one resource from the file itself."""
    content = path.read_bytes()
    resource["bytes"] = len(content)
    resource["hash"] = "sha256:" + hashlib.sha256(content).hexdigest()
    resource["rows"] = len(read(path))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("Usage: python datasets/build/all.py SOURCES_FOLDER [OUT_FOLDER]")
    build_all(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else DATASETS)
