"""Covers the eleven published numbers of the capstone: the rules of its check give, on the
shipped files, the values it holds, and five of them differ from what was published.

Leaves out where the published numbers were read (docs/review/facts) and the numbers of the two
worked papers (tests/notebooks/test_papers.py).
"""

import ast

import nbformat
import numpy as np
import pandas as pd
import pytest

from course import load, syllabus

CELLS = {c.id: c.source for c in nbformat.read(syllabus.module("m15").notebook, 4).cells}


def found_in(cell_id: str, kind: type, name: str) -> ast.AST:
    """A function or a value of one of the capstone's cells, hidden parts too."""
    for node in ast.walk(ast.parse(CELLS[cell_id])):
        named = getattr(node, "name", None) or ast.unparse(getattr(node, "targets", [node])[0])
        if isinstance(node, kind) and named == name:
            return node
    raise LookupError(f"{cell_id} has no {name}")


@pytest.fixture(scope="module")
def by_rule():
    function = found_in("m15_t2_check_anchor_rows", ast.FunctionDef, "by_rule")
    space = {"pd": pd, "np": np}
    exec(compile(ast.Module([function], []), "by_rule", "exec"), space)
    return space["by_rule"]


def published() -> list[tuple]:
    """Name, published, size of the last digit, datasets."""
    call = found_in("m15_numbers", ast.Assign, "PUBLISHED").value.func.value
    return [row[:4] for row in ast.literal_eval(call.args[0])]


def held() -> dict[str, float]:
    node = found_in("m15_t2_check_anchor", ast.Assign, "held").value
    return eval(compile(ast.Expression(node), "held", "eval"), {})


def test_are_eleven_numbers_published_and_held():
    assert [row[0] for row in published()] == list(dict.fromkeys(row[0] for row in published()))
    assert set(held()) == {row[0] for row in published()}
    assert len(held()) == 11


@pytest.mark.parametrize("row", published(), ids=lambda row: row[0])
def test_do_the_rules_give_the_values_held(by_rule, row):
    name, _, last_digit, names = row
    data = {one: load(one) for one in names.split()}
    assert by_rule(name, data) == pytest.approx(held()[name], abs=last_digit / 20, rel=0)


def test_do_five_of_them_differ_from_what_was_published():
    fails = ast.literal_eval(found_in("m15_t2_check_verdict", ast.Assign, "fails").value)
    apart = {row[0] for row in published() if abs(row[1] - held()[row[0]]) > row[2] / 2}
    assert apart == fails
    assert len(fails) == 5
