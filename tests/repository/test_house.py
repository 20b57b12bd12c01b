"""Covers the files around the code: no trace of one machine, licences, citation, documents
that name only what exists, hooks that keep outputs.

Leaves out what gets installed (test_environment) and what the lessons say (tests/notebooks).
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from course.places import DATASETS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + [
    path for path in sorted((ROOT / "docs").rglob("*.md")) if "review" not in path.parts
]

# Written in pieces, so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.~/:-])/(?:root|home|Users|work|opt|workspace)" + r"/\w")
HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org"]

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def lines_with(files: list[Path], found) -> list[str]:
    """`file:line` of every line of a text file for which `found` is true."""
    hits = []
    for path in files:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), start=1):
            if found(line):
                hits.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    return hits


def test_does_no_file_name_a_path_of_one_machine(our_files):
    assert lines_with(our_files, MACHINE.search) == []


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("/ho" + "me/ada/course", True),
        ('open("/wo' + 'rk/x")', True),
        ("see https://example.org/ho" + "me/x", False),
        ("classroom/ro" + "ot/x", False),
        ("--tmpfs /tmp/x", False),
    ],
)
def test_is_a_path_of_one_machine_told_from_others(line, caught):
    assert bool(MACHINE.search(line)) == caught


def test_does_no_file_name_a_package_registry(our_files):
    assert lines_with(our_files, lambda line: any(host in line for host in HOSTS)) == []


def test_has_each_licence_of_the_project_its_text():
    named = re.findall(r"[\w.-]+", PROJECT["license"].replace(" AND ", " "))
    assert sorted(path.stem for path in (ROOT / "LICENSES").glob("*.txt")) == sorted(named)
    assert all(len((ROOT / "LICENSES" / f"{name}.txt").read_text("utf-8")) > 1000 for name in named)


def test_has_each_dataset_terms_and_a_citation():
    for resource in json.loads((DATASETS / "datapackage.json").read_text("utf-8"))["resources"]:
        assert resource["terms"]["kind"] in ("open", "cite", "cells"), resource["name"]
        assert len(resource["terms"]["sentence"].split()) >= 5, resource["name"]
        assert resource["citation"]["text"], resource["name"]


def test_has_the_citation_file_what_its_format_asks_for():
    assert {"cff-version", "message", "title", "authors"} <= CITATION.keys()
    assert CITATION["cff-version"] == "1.2.0"
    assert all(author.get("name") or author.get("family-names") for author in CITATION["authors"])
    assert CITATION["type"] in ("software", "dataset")


def test_say_citation_project_and_changelog_the_same():
    assert CITATION["version"] == PROJECT["version"]
    assert sorted(CITATION["license"]) == sorted(PROJECT["license"].split(" AND "))
    assert [a["name"] for a in CITATION["authors"]] == [a["name"] for a in PROJECT["authors"]]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## (\d+\.\d+\.\d+)", changelog, re.M)[1] == PROJECT["version"]


def paths_in(text: str) -> set[str]:
    """What a document links to, and what it names in `code` that looks like a file or folder."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    ends = r"(/|\.(py|toml|md|csv|yml|cff|ipynb|json|bib|lock|txt))$"
    named = [s for s in spans if re.fullmatch(r"[\w./-]+", s) and re.search(ends, s)]
    return set(links) | set(named)


def exists(name: str, document: Path) -> bool:
    # What a running class or a learner makes is not in the repository.
    made = ("classroom/", "lessons/", ".venv/", "submitted/")
    near = [ROOT / name, document.parent / name]
    return name.startswith(made) or any(path.exists() for path in near)


@each_document
def test_do_the_files_a_document_names_exist(document):
    text = document.read_text("utf-8")
    assert [name for name in sorted(paths_in(text)) if not exists(name, document)] == []


def test_is_a_file_that_does_not_exist_noticed():
    text = "See [this](docs/nowhere.md) and `course/nowhere.py`, not `n = 3` or `make demo`."
    assert paths_in(text) == {"docs/nowhere.md", "course/nowhere.py"}
    assert not any(exists(name, ROOT / "README.md") for name in paths_in(text))


def commands_in(text: str, program: str) -> set[str]:
    """`make demo` -> demo, in code spans and code blocks."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.S)
    return {word for part in code for word in re.findall(rf"\b{program} ([a-z]+)\b", part)}


@each_document
def test_do_the_commands_a_document_names_exist(document):
    from autograder.cli import app

    text = document.read_text("utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M)
    assert commands_in(text, "make") <= set(targets)
    assert commands_in(text, "mildip") <= set(typer.main.get_command(app).commands)


def test_are_there_the_pages_for_three_kinds_of_people():
    readme = (ROOT / "README.md").read_text("utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("quickstart-*.md")}
    assert len(pages) == 3
    assert all(f"docs/{page}" in readme for page in pages)


def test_do_the_hooks_run_programs_that_are_there_and_strip_nothing():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {"ruff-check", "ruff-format"} <= {hook["id"] for hook in hooks}
    assert not any(re.search("strip|clear-?output", json.dumps(hook)) for hook in hooks)
    for hook in hooks:
        assert shlex.split(hook["entry"])[0].startswith(".venv/bin/")


@pytest.mark.parametrize("command", ["check .", "format --check --exclude *.ipynb ."])
def test_does_ruff_find_nothing_to_mend(command):
    ruff = [sys.executable, "-m", "ruff", *command.split()]
    found = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("script", [".ci/run", "postBuild"])
def test_can_the_scripts_be_run_and_do_they_stop_at_an_error(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert "\nset -euo pipefail\n" in path.read_text("utf-8")
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_is_what_a_running_class_makes_ignored_by_git():
    made = ["classroom/gradebook.db", "classroom/roster.csv", ".venv/bin/python"]
    ignored = subprocess.run(
        ["git", "check-ignore", *made], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert ignored.stdout.split() == made


def test_does_every_test_module_say_what_it_covers_and_leaves_out(our_files):
    silent = []
    for path in our_files:
        if path.name.startswith("test_") and path.suffix == ".py":
            opening = path.read_text("utf-8").split('"""')
            said = (
                " ".join(opening[1].lower().split()) if len(opening) > 2 and not opening[0] else ""
            )
            if not re.search(r"\b(leaves|left) out\b", said):
                silent.append(str(path.relative_to(ROOT)))
    assert silent == []
