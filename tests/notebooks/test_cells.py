"""Covers the shape of the lessons: ids, points, regions, check cells, objectives, what is made
from other tables, and what the stored outputs may hold.

Leaves out the prose (test_prose), the editions made from a lesson (test_editions), and whether
the outputs come out the same again (nbval, in `make test`).
"""

import ast
import builtins
import copy
import re
import symtable

import pytest

from course import lesson

#: Points in task order, as planned for the whole course; 40 in each graded lesson, 100 in the
#: capstone, which is marked by a reader but for its code and has no concept check.
PLAN = {
    "m00": [],
    "m01": [3, 4, 5, 3, 6, 5, 4, 10],
    "m02": [3, 4, 5, 5, 6, 4, 3, 10],
    "m03": [3, 3, 4, 5, 6, 5, 4, 10],
    "m06": [2, 2, 4, 3, 5, 4, 4, 4, 2, 10],
    "m04": [2, 4, 2, 6, 5, 5, 4, 2, 10],
    "m05": [3, 3, 3, 4, 3, 5, 3, 3, 3, 10],
    "m07": [3, 4, 4, 4, 5, 4, 3, 3, 10],
    "m08": [2, 3, 4, 2, 3, 4, 4, 2, 2, 14],
    "m09": [2, 6, 5, 5, 4, 2, 4, 2, 10],
    "m10": [3, 4, 4, 6, 4, 3, 3, 3, 10],
    "m11": [2, 2, 4, 4, 4, 5, 3, 2, 14],
    "m12": [3, 4, 6, 3, 3, 4, 3, 4, 10],
    "m13": [3, 4, 5, 4, 3, 5, 3, 3, 10],
    "m14": [5, 3, 4, 4, 5, 3, 3, 3, 10],
    "m15": [5, 10, 5, 10, 20, 15, 10, 10, 10, 5],
}
TOTALS = {"m00": 0, "m15": 100}

PROMPT = re.compile(
    r"^### Task (\d+\.\d+)(?: · ([\d.]+) points?)? · (O\d+\.\d+(?:,? O\d+\.\d+)*)$", re.M
)
NETWORK = {"aiohttp", "ftplib", "http", "httpx", "requests", "socket", "urllib", "urllib3"}


def cells(nb, *roles) -> list:
    return [cell for cell in nb.cells if lesson.role(cell.id) in roles]


def answers(nb) -> list:
    return cells(nb, "answer")


def checks_of(nb, task: str) -> list:
    return [cell for cell in cells(nb, "check") if lesson.task_of(cell.id) == task]


def points_of(nb, task: str) -> float:
    return sum(p for cell_id, p in lesson.points(nb).items() if lesson.task_of(cell_id) == task)


def kind(cell) -> str:
    """`written`, `concept` (an answer as text) or `code` (a function)."""
    if cell.cell_type == "markdown":
        return "written"
    defines = any(isinstance(node, ast.FunctionDef) for node in ast.parse(cell.source).body)
    return "code" if defines else "concept"


# Names and order.


def test_follow_the_ids_the_convention(module, nb):
    ids = [cell.id for cell in nb.cells]
    assert len(ids) == len(set(ids))
    assert [
        cell_id for cell_id in ids if not re.fullmatch(rf"{module.id}_[a-z0-9_]+", cell_id)
    ] == []


def test_has_each_task_its_prompt_then_answer_then_checks_then_hints(nb):
    ids = [cell.id for cell in nb.cells]
    for cell in answers(nb):
        written = cell.cell_type == "markdown"
        parts = [f"{cell.id}_prompt", cell.id]
        parts += [] if written else [*(c.id for c in checks_of(nb, cell.id)), f"{cell.id}_hints"]
        places = [ids.index(part) for part in parts if part in ids]
        assert len(places) == len(parts), f"{cell.id} lacks one of {parts}"
        assert places == sorted(places), cell.id
        assert written or len(parts) > 3, f"{cell.id} has no check"


def test_belongs_each_check_to_a_task(nb):
    tasks = {cell.id for cell in answers(nb)}
    assert {lesson.task_of(cell.id) for cell in cells(nb, "check")} <= tasks


def test_has_each_autograded_task_three_hints(nb):
    for cell in nb.cells:
        if cell.id.endswith("_hints"):
            assert re.findall(r"<summary>Hint (\d): ", cell.source) == ["1", "2", "3"], cell.id
            assert cell.source.count("<details>") == cell.source.count("</details>") == 3, cell.id


# Points and objectives.


def test_are_the_points_those_of_the_plan(module, nb):
    found = [points_of(nb, cell.id) for cell in answers(nb)]
    assert [p for p in found if p] == PLAN[module.id]
    assert sum(found) == sum(lesson.points(nb).values()) == TOTALS.get(module.id, 40)


def test_are_points_split_by_code_concepts_and_writing_as_planned(module, nb):
    if not PLAN[module.id]:
        assert {points_of(nb, cell.id) for cell in answers(nb)} <= {0}
        return
    split = {"code": 0, "concept": 0, "written": 0}
    for cell in answers(nb):
        split[kind(cell)] += points_of(nb, cell.id)
    if module.id == "m15":
        assert split == {"code": 10, "concept": 0, "written": 90}
        return
    written = 14 if module.id in {"m08", "m11"} else 10  # the two that ask for most care
    assert split == {"code": 34 - written, "concept": 6, "written": written}


def test_are_points_multiples_of_a_quarter(nb):
    assert [p for p in lesson.points(nb).values() if p < 0 or p * 4 % 1] == []


def test_says_each_prompt_the_points_that_are_graded(module, nb):
    for cell in answers(nb):
        prompt = next(c for c in nb.cells if c.id == f"{cell.id}_prompt")
        number, points, _ = PROMPT.search(prompt.source).groups()
        assert number == f"{module.number}.{cell.id.split('_t')[1]}"
        assert float(points or 0) == points_of(nb, cell.id), cell.id


def test_is_each_objective_cited_by_a_task_and_each_cited_one_real(module, nb):
    cited = lesson.tasks_by_objective(module, nb)
    assert [code for code, tasks in cited.items() if not tasks] == []
    assert set(cited) == set(module.coded_objectives())


# What is made from other tables.


def test_are_the_made_cells_up_to_date(module, nb):
    texts = {cell.id: cell.source for cell in nb.cells}
    stale = [i for i, text in lesson.made(module, nb).items() if texts.get(i) != text]
    assert stale == [], "run `python -m course.lesson unpack`, then `pack`"


def test_are_the_metadata_those_that_ids_and_points_give(nb):
    again = lesson.dress(copy.deepcopy(nb), lesson.points(nb))
    differing = [
        old.id
        for old, new in zip(nb.cells, again.cells, strict=True)
        if old.metadata != new.metadata
    ]
    assert differing == []


# Regions and check cells.


def regions(source: str) -> list[str]:
    return re.findall(r"^ *### (BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", source, re.M)


def test_is_every_region_closed_and_where_it_belongs(nb):
    for cell in nb.cells:
        marks = regions(cell.source)
        names = [name for _, name in marks]
        assert [word for word, _ in marks] == ["BEGIN", "END"] * (len(marks) // 2), cell.id
        assert names[::2] == names[1::2], cell.id
        allowed = {"answer": {"SOLUTION"}, "check": {"HIDDEN TESTS"}}
        assert set(names) <= allowed.get(lesson.role(cell.id), set()), cell.id
        assert lesson.role(cell.id) != "answer" or "SOLUTION" in names, cell.id
        # Any other spelling would be released as it stands.
        loose = re.findall(r"(?:BEGIN|END) (?:SOLUTION|HIDDEN)", cell.source, re.IGNORECASE)
        assert len(loose) == len(marks), cell.id


def test_has_each_autograded_task_a_hidden_check(nb):
    for cell in answers(nb):
        if cell.cell_type == "code":
            names = [name for c in checks_of(nb, cell.id) for _, name in regions(c.source)]
            assert "HIDDEN TESTS" in names, cell.id


def test_does_a_check_cell_end_without_a_value(nb):
    for cell in cells(nb, "check"):
        last = ast.parse(cell.source).body[-1]
        assert not isinstance(last, ast.Expr), cell.id
        assert isinstance(last, ast.With), f"{cell.id}: nothing belongs after the task block"


def test_says_each_check_cell_in_one_line_what_it_asks(module, nb):
    said = []
    for cell in cells(nb, "check"):
        text = ast.get_docstring(ast.parse(cell.source))
        number = lesson.task_of(cell.id).split("_t")[1]
        assert text, cell.id
        assert re.fullmatch(rf"Task {module.number}\.{number}: [^\n]+\.", text), cell.id
        said.append(text)
    assert len(said) == len(set(said)), "two checks have the same name on the feedback page"


def test_opens_each_check_its_own_task(nb):
    for cell in cells(nb, "check"):
        block = ast.parse(cell.source).body[-1]
        opened = block.items[0].context_expr
        assert ast.unparse(opened.func) == "task", cell.id
        assert opened.args[0].value == lesson.task_of(cell.id), cell.id
        assert len(opened.args) > 1, cell.id


def test_have_expectations_and_probes_each_their_side_of_the_line(nb):
    for cell in cells(nb, "check"):
        shown, *hidden = re.split(r"### BEGIN HIDDEN TESTS", cell.source)
        assert not re.search(r"\bprobe\(", shown), f"{cell.id}: a probe a learner could read"
        assert not any(re.search(r"\bexpect\(", part) for part in hidden), cell.id


def names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a piece of code binds, and those that it reads."""
    top = symtable.symtable(source, "cell", "exec")
    inner, scopes = [], [top]
    while scopes:
        scope = scopes.pop()
        inner += [s for s in scope.get_symbols() if scope is top or s.is_global()]
        scopes += scope.get_children()
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    return bound, {s.get_name() for s in inner if s.is_referenced()}


def test_needs_no_check_cell_another_check_cell(nb):
    # After a restart a learner runs one check again; in marking the first one may have failed.
    given = set(dir(builtins))
    for cell in cells(nb, "locked", "answer", "free"):
        if cell.cell_type == "code":
            given |= names(cell.source)[0]
    foreign = {}
    for cell in cells(nb, "check"):
        others = set()
        for other in checks_of(nb, lesson.task_of(cell.id)):
            others |= names(other.source)[0]
        bound, read = names(cell.source)
        shown = names(re.sub(r"(?s)### BEGIN HIDDEN TESTS.*### END HIDDEN TESTS", "", cell.source))
        lacking = (read - bound - given) | (read - bound & others) | (shown[1] - shown[0] & others)
        if lacking:
            foreign[cell.id] = sorted(lacking)
    assert foreign == {}


# Code and stored outputs.


def test_does_no_cell_reach_for_the_network_or_an_absolute_path(nb):
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                assert not NETWORK & {a.name.split(".")[0] for a in node.names}, cell.id
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] not in NETWORK, cell.id
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"(https?|ftp)://|/\w|~|[A-Za-z]:\\", node.value), cell.id


def test_was_each_code_cell_run_once_in_order(nb):
    counts = [cell.execution_count for cell in nb.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_are_outputs_stored_and_none_of_them_errors_or_warnings(nb):
    outputs = [(c.id, o) for c in nb.cells if c.cell_type == "code" for o in c.outputs]
    assert len(outputs) >= 5
    assert [cell_id for cell_id, o in outputs if o.output_type == "error"] == []
    assert [cell_id for cell_id, o in outputs if o.get("name") == "stderr"] == []


def test_does_each_check_show_what_is_right(nb):
    silent = [
        c.id
        for c in cells(nb, "check")
        if not any("application/vnd.mildip.checks+json" in o.get("data", {}) for o in c.outputs)
    ]
    assert silent == []


# The tests' own reading.


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("### Task 7.2 · 4 points · O7.2", ("7.2", "4", "O7.2")),
        ("### Task 0.1 · O0.1", ("0.1", None, "O0.1")),
        ("### Task 1.4 · 0.75 points · O1.2, O1.3", ("1.4", "0.75", "O1.2, O1.3")),
        ("### Task 7.2, 4 points", None),
    ],
)
def test_is_the_head_of_a_prompt_read(line, found):
    match = PROMPT.search(line)
    assert (match and match.groups()) == found


def test_is_an_unclosed_region_seen():
    assert regions("    ### BEGIN SOLUTION\nx\n### END HIDDEN TESTS") == [
        ("BEGIN", "SOLUTION"),
        ("END", "HIDDEN TESTS"),
    ]
