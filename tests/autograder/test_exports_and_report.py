"""Marks as CSV, and the class report. Left out: how the marks came about."""

import csv
import io
import json
import re

import pytest

from autograder import cli, gradebook
from autograder.exports.csv import COLUMNS, as_csv, escaped, unescaped
from autograder.gradebook import Row
from autograder.insight.report import as_html, report


def row(**changes) -> Row:
    values = {
        "learner": "ann",
        "name": "Ann Ba",
        "folder": "learner-001",
        "module": "m01_sums",
        "automatic": 3.5,
        "automatic_max": 3.5,
        "written": None,
        "written_max": 10.0,
        "total": None,
        "late_seconds": 0,
        "status": "written part not yet graded",
        "reason": None,
    }
    return Row(**(values | changes))


def table(*rows: Row) -> list[dict]:
    return list(csv.DictReader(io.StringIO(as_csv(rows), newline="")))


def test_is_a_total_blank_until_the_written_part_is_graded():
    first, second = table(row(), row(written=8.0, total=11.5))
    assert (first["automatic"], first["written"], first["total"]) == ("3.5", "", "")
    assert (second["written"], second["total"]) == ("8", "11.5")
    assert tuple(first) == COLUMNS


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_does_no_cell_begin_a_formula(start):
    name = f"{start}cmd|' /C calc'!A0"
    (line,) = table(row(learner=name, name=name))
    assert line["learner"] == line["name"] == f"'{name}"
    assert unescaped(escaped(name)) == name


@pytest.mark.parametrize("name", ["Ann", "O'Brien", "a=b", "", "Smith, Jr", 'say "hi"'])
def test_is_an_ordinary_name_exported_as_it_is(name):
    assert table(row(name=name))[0]["name"] == name


def test_does_the_export_hold_the_whole_class(graded):
    lines = table(*gradebook.rows(graded))
    assert len(lines) == 2 * len(list(graded.roster))
    right = next(x for x in lines if x["learner"] == "right" and x["module"] == "m01_sums")
    assert (right["automatic"], right["automatic_max"], right["late_seconds"]) == (
        "3.5",
        "3.5",
        "0",
    )


def test_are_shares_counted_among_graded_work_only(graded):
    found = report(graded, ["m01_sums"])
    (module,) = found.modules
    assert module.title == "Sums for beginners"
    shares = {check.check: (check.right, check.of) for check in module.checks}
    # 9 handed in; one was refused. The one whose program ended keeps what it earned.
    assert shares == {"m01_t1_check": (3, 8), "m01_t1_check_more": (3, 8)}
    assert [check.percent for check in module.checks] == [38, 38]


def test_does_the_page_give_every_bar_as_a_number_too(graded):
    text = as_html(report(graded))
    assert text.count('class="bar"') == len(re.findall(r"</span> \d+%", text)) == 2
    assert "wrong, m01_sums: 1 hour" in text and "cut off" in text
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")


def test_is_the_report_plain_data_for_machines(graded):
    data = json.loads(json.dumps(cli._plain(report(graded))))
    assert data["modules"][0]["checks"][0]["right"] == 3
    assert {one["learner"] for one in data["rows"]} == {row.learner for row in graded.roster}
