"""Covers what gets installed: pyproject.toml, requirements.lock, environment.yml, the Makefile
and the imports of our code agree, and repo2docker builds from environment.yml.

Leaves out the installation itself (`make` does it from the lock) and Binder's own service.
"""

import ast
import os
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import CondaBuildPack

from course.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
EXTRAS = PROJECT["optional-dependencies"]

RUNTIME = PROJECT["dependencies"]
OPTIONAL = [one for name, many in EXTRAS.items() if name not in ("test", "dev") for one in many]
TESTING = [*RUNTIME, *OPTIONAL, *EXTRAS["test"], *EXTRAS["dev"]]

#: `python -m course.lesson` is an author's bench; it says so when jupytext is not there.
BENCH = {ROOT / "course" / "lesson.py": ["jupytext"], ROOT / "hatch_build.py": ["hatchling"]}


def entries() -> list[str]:
    """One text a package of the lock: its requirement line and its hashes."""
    joined = re.sub(r"\\\n\s*", " ", LOCK)
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def pins() -> dict[str, list[Version]]:
    """Versions by package; more than one where markers tell Pythons or systems apart."""
    found: dict[str, list[Version]] = {}
    for entry in entries():
        requirement = Requirement(entry.split(" --hash=")[0].strip())
        versions = [s.version for s in requirement.specifier if s.operator == "=="]
        assert len(versions) == 1, f"not pinned to one version: {entry[:80]}"
        found.setdefault(canonicalize_name(requirement.name), []).append(Version(versions[0]))
    return found


def pythons() -> list[str]:
    """The minor versions of Python the project says it runs on."""
    wanted = SpecifierSet(PROJECT["requires-python"])
    return [f"3.{minor}" for minor in range(30) if f"3.{minor}" in wanted]


@pytest.mark.parametrize("stated", TESTING)
def test_is_every_stated_dependency_in_the_lock_at_or_above_its_floor(stated):
    requirement = Requirement(stated)
    versions = pins().get(canonicalize_name(requirement.name), [])
    assert versions, f"{requirement.name} is not in requirements.lock; run `make lock`"
    assert all(version in requirement.specifier for version in versions)
    assert any(spec.operator == ">=" for spec in requirement.specifier), "state a floor"


def test_has_every_entry_of_the_lock_a_hash():
    bare = [
        entry[:60] for entry in entries() if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert len(entries()) > 50
    assert bare == []


def test_does_the_lock_name_no_place_to_fetch_from():
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links|\s-[if] ", LOCK)


def test_does_the_environment_take_its_packages_from_the_lock_alone():
    packages = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    pip = [item["pip"] for item in ENVIRONMENT["dependencies"] if isinstance(item, dict)]
    assert [re.match(r"\w+", item)[0] for item in packages] == ["python", "pip"]
    assert pip == [["-r requirements.lock"]]


def test_is_the_python_of_the_environment_one_the_project_runs_on():
    python = next(d for d in ENVIRONMENT["dependencies"] if str(d).startswith("python"))
    assert python.removeprefix("python=") in pythons()


@pytest.mark.parametrize("place", ["Makefile", ".ci/run"])
def test_do_the_scripts_look_for_the_pythons_the_project_runs_on(place):
    text = (ROOT / place).read_text("utf-8")
    low, high = re.search(r"\((\d, \d+)\) <= sys.version_info\[:2\] < \((\d, \d+)\)", text).groups()
    said = SpecifierSet(f">={low.replace(', ', '.')},<{high.replace(', ', '.')}")
    assert said == SpecifierSet(PROJECT["requires-python"])


def test_are_the_classifiers_the_pythons_the_project_runs_on():
    shown = [c.split(" :: ")[-1] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    assert shown == pythons()


def imports(source: str) -> set[str]:
    """Top-level names that a text imports, in functions too."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def code_of(path: Path) -> str:
    if path.suffix == ".py":
        return path.read_text("utf-8")
    nb = nbformat.read(path, as_version=4)
    return "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")


@cache
def distributions() -> dict[str, list[str]]:
    return packages_distributions()


def undeclared(path: Path, declared: list[str]) -> set[str]:
    """Names a file imports that no declared package provides."""
    allowed = {canonicalize_name(Requirement(one).name) for one in declared}
    beside = {other.stem for other in path.parent.glob("*.py")}
    foreign = imports(code_of(path)) - sys.stdlib_module_names - {"course", "autograder"} - beside
    return {
        name
        for name in foreign
        if not allowed & {canonicalize_name(d) for d in distributions().get(name, [])}
    }


def test_is_every_import_declared(our_files):
    missing = {}
    for path in our_files:
        if path.suffix not in (".py", ".ipynb"):
            continue
        shipped = path.relative_to(ROOT).parts[0] in ("course", "autograder", "notebooks")
        names = undeclared(path, (RUNTIME + OPTIONAL if shipped else TESTING) + BENCH.get(path, []))
        if names:
            missing[str(path.relative_to(ROOT))] = sorted(names)
    assert missing == {}


def test_is_an_undeclared_import_seen(tmp_path):
    (tmp_path / "one.py").write_text("def f():\n    import ruamel.yaml, json, pandas\n")
    assert undeclared(tmp_path / "one.py", RUNTIME) == {"ruamel"}


def picked(folder: Path) -> tuple[type, str, str | None]:
    """The build pack repo2docker chooses for a folder, its binder folder, its Python."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        packs = (pack("base") for pack in Repo2Docker().buildpacks)
        found = next(pack for pack in packs if pack.detect())
        return type(found), found.binder_dir, getattr(found, "python_version", None)
    finally:
        os.chdir(here)


def test_does_repo2docker_pick_the_environment_file():
    python = next(d for d in ENVIRONMENT["dependencies"] if str(d).startswith("python"))
    assert picked(ROOT) == (CondaBuildPack, "", python.removeprefix("python="))


def test_does_repo2docker_stage_the_lock_before_it_installs(monkeypatch):
    monkeypatch.chdir(ROOT)
    # Without this, environment.yml would be read in a folder where there is no lock.
    assert not CondaBuildPack("base")._should_preassemble_env


@pytest.mark.parametrize("intruder", ["Dockerfile", "binder/environment.yml"])
def test_would_a_dockerfile_or_a_binder_folder_be_noticed(tmp_path, intruder):
    for name in ("environment.yml", intruder):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / "environment.yml").read_text("utf-8"))
    assert picked(tmp_path)[:2] != (CondaBuildPack, "")
