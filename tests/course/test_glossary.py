"""Covers course/glossary.py: terms found in prose whatever their form, linked once at the first
use, and the links taken out again.

Leaves out whether the lessons hold their links (tests/notebooks/test_prose).
"""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from course import glossary, lesson


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """A glossary of a few words, for a module that has others."""
    few = {"ally": "a friend", "ally of allies": "a friend's friend", "good / bad deed": "an act"}
    monkeypatch.setattr(glossary, "terms", lambda module: few if module == "m07" else {})


def linked(*texts: str) -> list[str]:
    cells = [new_markdown_cell(text) for text in texts]
    glossary.link(cells, "m07")
    return [cell.source for cell in cells]


ALLY = '(#Words-of-this-lesson "a friend")'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("An *ally* is an ally.", f"An *[ally]{ALLY}* is an ally."),
        ("Allies, an ally.", f"[Allies]{ALLY}, an ally."),
        ("Really. An ally-like ally", f"Really. An ally-like [ally]{ALLY}"),
        ("## An ally\n\n`ally`, [ally](ally.md), ally", None),
        ("```\nally\n```\n<b ally>ally</b>", f"```\nally\n```\n<b ally>[ally]{ALLY}</b>"),
        ("| ally |\n|---|", f"| [ally]{ALLY} |\n|---|"),
    ],
)
def test_is_the_first_use_in_prose_linked(text, expected):
    if expected is None:
        expected = text[: text.rindex("ally")] + f"[ally]{ALLY}"
    assert linked(text) == [expected]


def test_is_a_word_linked_in_the_first_cell_that_has_it():
    assert linked("None here.", "An ally.", "An ally.") == [
        "None here.",
        f"An [ally]{ALLY}.",
        "An ally.",
    ]


def test_is_a_longer_term_not_cut_by_a_shorter_one():
    (text,) = linked("An ally of\nallies, and an ally.")
    assert text == (
        f'An [ally of\nallies](#Words-of-this-lesson "a friend\'s friend"), and an [ally]{ALLY}.'
    )


@pytest.mark.parametrize(
    ("term", "spelled"),
    [
        ("ally", ["ally"]),
        ("good / bad deed", ["good deed", "bad deed"]),
        ("power as resources / outcomes", ["power as resources", "power as outcomes"]),
        ("jus ad bellum / jus in bello", ["jus ad bellum", "jus in bello"]),
    ],
)
def test_is_a_term_with_a_stroke_two_to_look_for(term, spelled):
    assert glossary.spellings(term) == spelled


def test_are_links_taken_out_again_and_others_left():
    text = "*Allies* of [ours](#Tasks), good deeds."
    (once,) = linked(text)
    assert once.count("#Words-of-this-lesson") == 2
    assert glossary.unlink(once) == text


SCRIPT = """# %% [markdown] key="m07_title"
# # An ally
#
# An ally?

# %% [markdown] key="m07_claim"
# An ally.

# %% [markdown] key="m07_sources"
# (made)
"""


def test_gives_packing_a_lesson_links_and_the_table_that_they_lead_to():
    _, nb = lesson.pack(SCRIPT)
    cells = {cell.id: cell.source for cell in nb.cells}
    assert list(cells) == ["m07_title", "m07_claim", "m07_glossary", "m07_sources"]
    assert cells["m07_title"] == "# An ally\n\nAn ally?"
    assert cells["m07_claim"] == f"An [ally]{ALLY}."
    assert cells["m07_glossary"].startswith("## Words of this lesson\n")
    assert "| ally | a friend |" in cells["m07_glossary"]


def test_shows_unpacking_a_lesson_its_author_no_links():
    _, nb = lesson.pack(SCRIPT)
    script = lesson.unpack(nb)
    assert "#Words-of-this-lesson" not in script
    _, again = lesson.pack(script)
    assert [cell.source for cell in again.cells] == [cell.source for cell in nb.cells]
    nbformat.validate(again)


def test_is_a_cell_that_would_be_made_never_overwritten():
    script = SCRIPT.replace("m07_claim", "m07_glossary")
    with pytest.raises(ValueError, match=r"m07_glossary is made: .* another key"):
        lesson.pack(script)
