"""Covers course/syllabus.py: finding a module by any of its names, objectives, readings, times.

Leaves out whether the notebooks agree with the table (tests/notebooks).
"""

import re

import pytest

from course import syllabus
from course.places import ROOT

ALL = syllabus.modules()


@pytest.mark.parametrize("name", ["m07_un_peacekeeping_who_serves", "m07", "7", "07"])
def test_is_a_module_found_by_any_of_its_names(name):
    assert syllabus.module(name).id == "m07"


def test_is_a_module_found_by_its_notebook():
    for one in ALL:
        assert syllabus.module(one.notebook.stem) == one


def test_does_an_unknown_name_list_the_nearest():
    with pytest.raises(syllabus.UnknownModule) as error:
        syllabus.module("un_peacekeping_who_serves")
    assert "Nearest: m07_un_peacekeeping_who_serves" in str(error.value)
    assert all(one.folder in str(error.value) for one in ALL)


def test_does_a_hopeless_name_still_list_all():
    with pytest.raises(syllabus.UnknownModule, match="All modules: m00_orientation"):
        syllabus.module("")


def test_are_modules_in_order_and_unique():
    ids = [one.id for one in ALL]
    assert ids == sorted(set(ids))


def test_is_the_notebook_named_after_its_folder():
    for one in ALL:
        assert one.notebook.parent.name == one.folder
        assert one.folder == f"{one.id}_{one.notebook.stem}"


def test_are_objectives_coded_by_module_and_place():
    codes = syllabus.module("m07").coded_objectives()
    assert list(codes)[:2] == ["O7.1", "O7.2"]
    assert "O0.1" in syllabus.module("m00").coded_objectives()


@pytest.mark.parametrize("one", ALL, ids=lambda module: module.id)
def test_has_every_module_a_question_times_and_objectives(one):
    assert one.title
    assert one.question.endswith("?")
    assert one.minutes_to_read > 0
    assert one.minutes_to_do > 0
    assert 3 <= len(one.objectives) <= 6
    assert all(text.endswith(".") for text in one.objectives)


@pytest.mark.parametrize("one", ALL, ids=lambda module: module.id)
def test_is_every_reading_in_the_bibliography_and_citable(one):
    known = syllabus.references()
    for key in one.readings:
        line = syllabus.cite(key)
        assert known[key]["year"] in line
        assert "{" not in line
        assert ".." not in line


def test_does_every_reference_name_people_title_and_year():
    for key, entry in syllabus.references().items():
        assert entry.get("author") or entry.get("editor"), key
        assert entry["title"], key
        assert entry["year"][:4].isdigit() or entry["year"] == "undated", key


def alone(page: str) -> int:
    """Minutes of self-study in a page of teaching notes, without those for writing."""
    timing = re.search(r"^## Timing\n(.*?)(?=^## |\Z)", page, re.M | re.S)[1]
    last = [line.strip("|").split("|")[-1] for line in timing.split("\n") if line.startswith("| ")]
    return sum(int(number) for number in re.findall(r"\b(\d+)(?! for writing)\b", ",".join(last)))


NOTES = {page.stem: page for page in sorted((ROOT / "docs" / "teaching").glob("m*.md"))}


@pytest.mark.parametrize("one", [one for one in ALL if one.id in NOTES], ids=lambda one: one.id)
def test_take_the_parts_of_the_teaching_notes_as_long_as_the_lesson_says(one):
    assert alone(NOTES[one.id].read_text("utf-8")) == one.minutes_to_read + one.minutes_to_do
