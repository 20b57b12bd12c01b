"""Covers the files of `datasets/` against their descriptor and against the raw sources.

Leaves out how a frame is loaded and shown (test_load_and_card) and what the lessons count in
the data (test_anchors).
"""

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import frictionless
import pandas as pd
import pytest

from course import data, syllabus
from course.places import DATASETS, ROOT

PACKAGE = json.loads((DATASETS / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES = PACKAGE["resources"]
SOURCES = Path(os.environ.get("MILDIP_SOURCES", ROOT.parent / "shared" / "sources"))

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r["name"])
needs_sources = pytest.mark.skipif(
    not SOURCES.is_dir(),
    reason="the raw files are not shipped; set MILDIP_SOURCES to a folder of your downloads",
)


def rows_of(resource: dict) -> list[dict[str, str]]:
    with (DATASETS / resource["path"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def problems(folder: Path) -> list[str]:
    report = frictionless.validate(str(folder / "datapackage.json"))
    return report.errors + [error.message for task in report.tasks for error in task.errors]


def test_does_frictionless_accept_the_package():
    assert problems(DATASETS) == []


@pytest.mark.parametrize(
    ("file", "honest", "planted"),
    [
        ("nato_members.csv", "POL", "PO"),
        ("nato_members.csv", "1999-03-12", "12 March 1999"),
        ("atop_alliances.csv", "\n1010,", "\n1005,"),
        ("atop_members.csv", "\n1010,", "\n9999,"),
        ("claims.csv", ",S,Title", ",Z,Title"),
        ("orientation.csv", ",6929,", ",,"),
    ],
    ids=["code", "date", "primary key", "foreign key", "enum", "required"],
)
def test_does_frictionless_refuse_a_planted_error(tmp_path, file, honest, planted):
    folder = shutil.copytree(DATASETS, tmp_path / "datasets")
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    small = [resource for resource in package["resources"] if resource["bytes"] < 100_000]
    for resource in small:
        # Otherwise the changed hash alone would be the error.
        del resource["bytes"], resource["hash"]
    package["resources"] = small
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    assert problems(folder) == []
    text = (folder / file).read_text(encoding="utf-8")
    assert honest in text
    (folder / file).write_text(text.replace(honest, planted, 1), encoding="utf-8")
    assert problems(folder) != []


def test_is_every_file_described_and_every_description_a_file():
    described = sorted(resource["path"] for resource in RESOURCES)
    assert described == sorted(path.name for path in DATASETS.glob("*.csv"))


@each_resource
def test_are_bytes_hash_and_rows_those_of_the_file(resource):
    content = (DATASETS / resource["path"]).read_bytes()
    assert resource["bytes"] == len(content)
    assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
    assert resource["rows"] == len(rows_of(resource))


@each_resource
def test_is_the_file_utf8_with_lf_line_ends_and_plain_names(resource):
    content = (DATASETS / resource["path"]).read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")
    header = content.decode("utf-8").splitlines()[0].split(",")
    assert header == [field["name"] for field in resource["schema"]["fields"]]
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in header)


@each_resource
def test_does_every_field_say_what_it_means_and_what_a_blank_means(resource):
    rows = rows_of(resource)
    for field in resource["schema"]["fields"]:
        assert len(field["description"]) > 5, field["name"]
        never_blank = field.get("constraints", {}).get("required", False)
        assert never_blank != ("blank" in field), field["name"]
        has_blanks = any(row[field["name"]] == "" for row in rows)
        assert has_blanks != never_blank, field["name"]


@each_resource
def test_does_the_card_have_source_terms_citation_and_limits(resource):
    assert resource["title"] and resource["description"].endswith(".")
    assert resource["coverage"] and resource["version"] and resource["sources"]
    assert resource["terms"]["kind"] in {"open", "cite", "cells"}
    assert resource["terms"]["sentence"].endswith(".")
    assert resource["citation"]["text"].endswith(".")
    assert len(resource["known_errors"]) >= 2
    assert len(resource["cannot_tell"]) >= 2


@each_resource
def test_is_every_citation_key_in_the_bibliography(resource):
    assert set(resource["citation"]["keys"]) <= set(syllabus.references())


def test_are_the_cards_free_of_paths_of_one_machine():
    text = (DATASETS / "datapackage.json").read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.:/])/(work|root|tmp|home)/", text)


def test_does_a_module_ship_less_than_two_megabytes():
    sizes = {resource["name"]: resource["bytes"] for resource in RESOURCES}
    *lessons, capstone = syllabus.modules()
    for module in lessons:
        assert sum(sizes[name] for name in module.datasets) < 2_000_000, module.folder
    # The capstone lists everything to choose from; a paper loads what its question needs.
    assert set(capstone.datasets) <= set(sizes)


def test_does_the_syllabus_name_only_datasets_that_exist():
    named = {name for module in syllabus.modules() for name in module.datasets}
    assert named
    assert named <= set(data.names())


@needs_sources
def test_do_the_raw_files_give_the_shipped_bytes(tmp_path):
    package = json.loads(json.dumps(PACKAGE))
    for resource in package["resources"]:
        resource |= {"bytes": 0, "hash": "", "rows": 0}
    (tmp_path / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    for path in DATASETS.glob("*.csv"):
        if not (DATASETS / "build" / f"{path.stem}.py").is_file():  # compiled by hand
            shutil.copy(path, tmp_path)
    script = DATASETS / "build" / "all.py"
    subprocess.run([sys.executable, script, SOURCES, tmp_path], check=True, capture_output=True)
    for name in [*(resource["path"] for resource in RESOURCES), "datapackage.json"]:
        assert (tmp_path / name).read_bytes() == (DATASETS / name).read_bytes(), name


@needs_sources
def test_does_the_older_member_file_give_the_other_counts_on_the_pact_card():
    members = pd.read_csv(SOURCES / "atop" / "atop_v4.01_members.csv.gz")
    pacts = members[members["defense"] == 1]

    def pledged(year):
        since = pacts["yrent"] <= year
        until = (pacts["yrexit"] == 0) | (pacts["yrexit"] >= year)
        return pacts.loc[since & until, "member"].nunique()

    assert [pledged(year) for year in (1816, 1990, 2016)] == [16, 106, 144]


@pytest.mark.parametrize(
    ("folder", "complaint"),
    [("nowhere", "build/README.md"), (None, "Usage")],
    ids=["no such folder", "no folder given"],
)
def test_does_a_build_without_raw_files_say_what_to_do(tmp_path, folder, complaint):
    script = shutil.copytree(DATASETS / "build", tmp_path / "build") / "un_contrib.py"
    arguments = [tmp_path / folder] if folder else []
    done = subprocess.run(
        [sys.executable, script, *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
