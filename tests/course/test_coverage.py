"""Covers course/coverage.csv and verdicts.csv: each item of the article has its cell, and says so.

Leaves out whether a cell is a good answer to its item (docs/review) and whether a verdict is
just (docs/review/facts).
"""

import re

import pytest

from course import coverage, lesson
from course.places import ROOT

VERDICTS = {
    "right",
    "right and incomplete",
    "right and simplified",
    "supported on average",
    "not supported by the record",
    "imprecise",
    "in tension",
    "contested",
    "unsupported",
    "wrong",
    "wrong as a general claim",
    "forecast",
    "normative",
}
ALL = coverage.rows()


def assigned() -> list[tuple[int, str]]:
    return [
        (no, module) for no, row in coverage.items().items() for module in row["module"].split(";")
    ]


def text(cell: str) -> str:
    return coverage.plain(coverage.cells(cell[1:3]).get(cell, ""))


def test_are_there_229_items():
    assert list(coverage.items()) == list(range(1, 230))


def test_has_each_item_one_place_in_each_module_it_belongs_to():
    placed = [(int(row["item"]), row["module"]) for row in ALL]
    assert placed == sorted(assigned())


@pytest.mark.parametrize("row", ALL, ids=lambda row: f"{row['item']}-{row['cell']}")
def test_stand_the_words_in_the_named_cell(row):
    assert row["cell"].startswith(f"m{row['module']}_")
    assert row["cell"] in coverage.cells(row["module"]), "no such cell"
    assert row["words"] in text(row["cell"])


def kind(cell: str) -> str:
    """`taught`, `tested` or `debated`, by what the cell is in its lesson."""
    graded = {
        lesson.task_of(one)
        for one in coverage.cells(cell[1:3])
        if lesson.role(one) in ("check", "answer")
    }
    if cell.endswith("_prompt") and lesson.task_of(cell) in graded:
        return "tested"
    if cell.endswith("_debate"):
        return "debated"
    teaches = lesson.role(cell) == "locked" and not lesson.MADE.fullmatch(cell)
    return "taught" if teaches and not cell.endswith(("_prompt", "_hints")) else "nothing"


def test_is_each_cell_what_the_table_says_it_is():
    assert [row for row in ALL if row["how"] != kind(row["cell"])] == []


def test_are_the_quoted_words_few_but_not_too_few():
    lengths = {row["words"]: len(row["words"].split()) for row in ALL}
    assert {words: n for words, n in lengths.items() if not 3 <= n <= 10} == {}


def test_would_a_lost_passage_be_seen():
    row = next(row for row in ALL if row["cell"] == "m08_claim")
    cell = coverage.cells("08")["m08_claim"]
    sentence = next(one for one in re.split(r"(?<=[.?])\s", cell) if row["words"] in one)
    assert row["words"] not in coverage.plain(cell.replace(sentence, ""))


# Verdicts.


@pytest.mark.parametrize("row", coverage.verdicts(), ids=lambda row: row["items"])
def test_says_the_lesson_the_verdict_of_the_table(row):
    assert row["verdict"] in VERDICTS
    assert row["words"] in text(row["cell"])
    assert row["verdict"] in row["words"], "the quoted words do not hold the verdict"


def test_has_each_verdict_an_item_of_its_module():
    for row in coverage.verdicts():
        modules = {coverage.items()[n]["module"] for n in coverage.numbers(row["items"])}
        assert any(row["cell"][1:3] in one for one in modules), row


def test_are_numbers_read_with_their_ranges():
    assert coverage.numbers("59 61-63") == [59, 61, 62, 63]


@pytest.mark.parametrize(
    ("item", "verdict"),
    [(188, "wrong"), (169, "wrong as a general claim"), (97, "unsupported"), (173, "right")],
)
def test_is_the_gravest_of_the_fact_check_there(item, verdict):
    assert coverage.verdicts_of(item) == [verdict]


# The page.


def test_is_the_page_the_one_that_would_be_made():
    kept = (ROOT / "docs" / "review" / "coverage.md").read_text("utf-8")
    assert kept == coverage.page(), "run `python -m course.coverage > docs/review/coverage.md`"


def test_names_the_page_the_side_of_a_debate():
    row = next(row for row in ALL if row["words"] == "takes over tasks that civilians did")
    assert coverage.place(row) == "debated: Against"
