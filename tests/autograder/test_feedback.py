"""Feedback: what a learner is told, and that nothing of a hidden check is in it.

The class of `conftest.py` holds a learner whose code tells its inputs in every way it can.
Left out: code that hands a hidden input to one of the three exceptions written for learners;
it runs in the same process, and only a marker outside can rule that out.
"""

import re
import shutil
import time
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder import gradebook
from autograder.classroom import Course
from autograder.feedback import write_feedback
from autograder.feedback.clean import cell_html, output_html
from autograder.feedback.page import Page, duration, render
from autograder.intake.collect import collect_folder
from autograder.marking.verdict import verdict

HOSTILE_TAGS = {"script", "iframe", "object", "embed", "svg", "form", "link", "base"}


class Outline(HTMLParser):
    """Tags, attributes and heading levels of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.levels: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))


def page(course, learner) -> str:
    folder = course.roster.enrol(learner).folder
    return (course.step("feedback") / folder / "m01_sums" / "sums.html").read_text("utf-8")


ALL = ["right", "wrong", "untouched", "talkative", "scripted", "tampered", "quitting", "damaged"]


@pytest.mark.parametrize("learner", ALL)
def test_is_no_hidden_input_and_no_hidden_source_on_any_page(graded, tiny, learner):
    text = page(graded, learner)
    hidden = re.findall(
        r"BEGIN HIDDEN TESTS\n(.*?)\n### END", tiny.DOUBLE_CHECK + tiny.PLAIN_CHECK, re.S
    )
    assert len(hidden) == 2
    for secret in [tiny.HIDDEN, "HIDDEN TESTS", "Traceback", *hidden, *map(repr, hidden)]:
        assert secret not in text


def test_is_nothing_delivered_beside_the_page(graded):
    delivered = {path.name for path in graded.step("feedback").rglob("*") if path.is_file()}
    assert delivered == {"sums.html"}


@pytest.mark.parametrize("learner", ALL)
def test_can_a_page_run_or_fetch_nothing(graded, learner):
    text = page(graded, learner)
    outline = Outline(text)
    assert not HOSTILE_TAGS & set(outline.tags)
    assert not [name for name, _ in outline.attributes if name.startswith("on")]
    links = [value for name, value in outline.attributes if name in ("src", "href")]
    assert all(value.startswith(("data:image/", "http", "mailto:", "#")) for value in links)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text
    assert len(text) < 200_000


@pytest.mark.parametrize("learner", ALL)
def test_is_the_page_in_order_for_a_screen_reader(graded, learner):
    text = page(graded, learner)
    outline = Outline(text)
    assert '<html lang="en">' in text and re.search(r"<title>[^<]+</title>", text)
    assert outline.levels[0] == 1 and outline.levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(outline.levels, outline.levels[1:], strict=False))
    assert text.count('scope="col"') == 3 * text.count("<caption>")


def test_does_a_check_say_its_name_its_points_and_its_outcome_in_words(graded):
    text = page(graded, "wrong")
    assert "Task 1.1: twice a number." in text
    assert "twice 2 was expected to be 4" in text
    assert re.search(r"✗</span> not yet</td>\s*<td class=\"points\">0 of 2</td>", text)
    assert "This check did not pass (AssertionError)." in text
    assert "after the due date" in text and "1 hour" in text


def test_does_right_work_read_as_right(graded):
    text = page(graded, "right")
    assert text.count("✓</span> right</td>") == 2
    assert "Automatic checks: 3.5 of 3.5" in text
    assert "Written part: not yet graded (10 points to come)" in text
    assert "My words." in text and "return x + x" in text and "after the due date" not in text


def test_does_a_made_up_error_name_stay_off_the_page(graded):
    text = page(graded, "talkative").split("Your answers")[0]
    assert "This check did not pass (Exception)." in text
    assert "Made_up" not in text and "forged" not in text


def test_is_harmless_content_of_a_learner_kept(graded):
    text = page(graded, "scripted")
    assert "<strong>bold</strong>" in text and "<td>12</td>" in text
    assert "A part of 1.0 MB is not shown." in text
    assert "data:image/svg+xml;base64," in text
    assert "<p>A heading of my own</p>" in text


def test_does_a_deleted_check_run_all_the_same(graded):
    assert "Automatic checks: 3.5 of 3.5" in page(graded, "without check")


def test_does_a_refused_learner_get_the_reason(graded):
    text = page(graded, "damaged")
    assert "Not graded" in text and "cut off" in text and "Automatic checks: 0 of 3.5" in text


def test_does_stock_nbgrader_write_the_same_page(graded, tiny, tmp_path):
    folder = graded.roster.enrol("talkative").folder
    ours = page(graded, "talkative")
    tiny.stock(graded, "generate_feedback", "m01_sums", "--student", folder, "--force")
    assert page(graded, "talkative") == ours


def test_does_feedback_read_the_gradebook_it_is_told_to(graded, tmp_path):
    course = Course(tmp_path / "class")
    shutil.copytree(graded.root, course.root)
    elsewhere = tmp_path / "elsewhere.db"
    (course.room / "gradebook.db").rename(elsewhere)
    course.config.CourseDirectory.db_url = f"sqlite:///{elsewhere}"
    for row in gradebook.rows(course, ["m01_sums"]):
        write_feedback(course, row)
    assert page(course, "right") == page(graded, "right")


def test_is_no_page_written_from_old_marks_and_new_answers(graded, tiny, tmp_path):
    course = Course(tmp_path / "class")
    shutil.copytree(graded.root, course.root)
    tiny.hand_in(tmp_path / "in", "right", tiny.released(course))
    collect_folder(course, tmp_path / "in")
    (row,) = [one for one in gradebook.rows(course, ["m01_sums"]) if one.learner == "right"]
    assert row.status == "not graded yet" and write_feedback(course, row) == []
    assert not (course.step("feedback") / row.folder / "m01_sums").exists()


def test_is_a_picture_pasted_into_an_answer_named():
    # JupyterLab keeps it beside the text; nbconvert gives up if it is not there.
    shown = cell_html(new_markdown_cell("See ![map](attachment:a<b>.png) and **this**."))
    assert "[picture a" in shown and "<b>" not in shown and "<strong>this</strong>" in shown


def run_cell(*outputs, source: str = '"""Task 1: a name."""\nq("asked")') -> NotebookNode:
    return new_code_cell(source, outputs=list(outputs))


def error(ename: str, evalue: str = "words") -> NotebookNode:
    return new_output("error", ename=ename, evalue=evalue, traceback=["secret"])


@pytest.mark.parametrize(
    ("cell", "points", "outcome", "said"),
    [
        (run_cell(), 2, "right", []),
        (run_cell(error("NotYet", "one\n\x1b[31mtwo\x1b[0m")), 0, "not yet", ["one", "two"]),
        (run_cell(error("Broke")), 0, "broke", ["words"]),
        (run_cell(error("NotAttempted")), 0, "not attempted", ["words"]),
        (run_cell(error("KeyError", "'x'")), 0, "did not pass", ["(KeyError)"]),
        (run_cell(error("print", "x")), 0, "did not pass", ["(an error)"]),
        (run_cell(error("CellTimeoutError")), 0, "did not pass", ["longer"]),
        (run_cell(new_output("stream", name="stderr", text="x")), 0, "did not pass", ["warning"]),
        (run_cell(new_output("stream", name="stdout", text="x")), 2, "right", []),
        (run_cell(new_output("execute_result", {"text/plain": "1"})), 1, "partly right", []),
        (None, 0, "missing", ["was not in the notebook"]),
    ],
)
def test_does_each_way_to_end_have_its_outcome(cell, points, outcome, said):
    got, sentences = verdict(cell, points, 2)
    assert got == outcome and len(sentences) == len(said)
    assert all(part in sentence for part, sentence in zip(said, sentences, strict=True))


def test_is_a_right_answer_named_only_if_the_check_asks_it():
    lines = [{"name": name, "outcome": "right"} for name in ("asked", "made up")]
    report = new_output("display_data", {"application/vnd.mildip.checks+json": {"lines": lines}})
    assert verdict(run_cell(report), 2, 2) == ("right", ["✓ asked"])


@pytest.mark.parametrize("bad", [None, [], "x", {"lines": "x"}, {"lines": [1, {"name": ["x"]}]}])
def test_does_a_malformed_report_do_no_harm(bad):
    report = new_output("display_data", {"application/vnd.mildip.checks+json": bad})
    assert verdict(run_cell(report), 2, 2) == ("right", [])


def test_are_odd_outputs_dropped_or_shown_as_text():
    assert output_html(NotebookNode(output_type="display_data", data="x")) == ""
    assert output_html(NotebookNode(output_type="new kind")) == ""
    assert output_html(new_output("stream", text="<b> & \x1b[31mred")) == (
        "<pre>&lt;b&gt; &amp; red</pre>"
    )


def test_is_a_cell_of_many_outputs_cut_with_a_note():
    outputs = [new_output("stream", text="x" * 300_000) for _ in range(9)]
    shown = cell_html(new_code_cell("1", outputs=outputs))
    assert len(shown) < 1_100_000 and "Further outputs of this cell are not shown." in shown


@pytest.mark.parametrize("source", ["<div>" * 50_000, "<b>x</b>" * 40_000, "> " * 100_000])
def test_does_html_made_to_be_slow_get_a_note_at_once(source):
    began = time.monotonic()
    assert "is not shown" in cell_html(new_markdown_cell(source))
    assert time.monotonic() - began < 5


def test_is_a_name_shown_as_text():
    sheet = Page("<b>T</b>", "<script>", 1, 2, 3, 4, reason="<i>why</i>")
    assert "&lt;script&gt;" in render(sheet) and "<script>" not in render(sheet)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (60, "1 minute"), (93_600, "1 day 2 hours"), (86_405, "1 day 5 seconds")],
)
def test_is_lateness_in_words(seconds, words):
    assert duration(seconds) == words
    assert SimpleNamespace(late=Page("", "", 0, 0, 0, 0, seconds).late).late == words
