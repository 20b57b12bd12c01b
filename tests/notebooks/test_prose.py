"""Covers how the lessons read: headings, text beside figures, sentence length, tone, glossary.

Leaves out whether the prose is true (docs/review, tests/datasets) and the shape of the cells
(test_cells).
"""

import re

import prose
import pytest

from course import glossary, lesson, syllabus
from course.places import ROOT

#: Words that judge a state or side while they seem to describe it.
LOADED = re.compile(r"\b(aggressors?|regimes?|so-called|rules-based order)\b", re.IGNORECASE)


def markdown(nb) -> list:
    return [cell for cell in nb.cells if cell.cell_type == "markdown"]


def test_has_each_lesson_one_title_and_no_jump_between_headings(nb):
    found = prose.headings([cell.source for cell in markdown(nb)])
    levels = [level for level, _ in found]
    assert levels[0] == 1
    assert levels.count(1) == 1
    jumps = [
        title
        for before, (level, title) in zip(levels, found[1:], strict=False)
        if level > before + 1
    ]
    assert jumps == []


def test_is_the_title_the_one_of_the_syllabus(module, nb):
    assert prose.headings([nb.cells[0].source])[0] == (1, module.title)
    assert module.question in nb.cells[0].source


def test_has_each_figure_its_words(nb):
    wordless = []
    for place, cell in enumerate(nb.cells):
        if cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs):
            said = any(o.get("text", "").strip() for o in cell.outputs)
            after = iter(nb.cells[place + 1 :])
            texts = []
            for other in after:
                if other.cell_type == "code":
                    break
                texts.append(other.source)
            if not said or "*In words" not in "\n".join(texts):
                wordless.append(cell.id)
    assert wordless == []


def test_has_each_linked_image_a_text_alternative(nb):
    for cell in markdown(nb):
        assert not re.search(r"!\[\s*\]\(", cell.source), cell.id
        assert not re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", cell.source), cell.id


def test_are_the_sentences_of_prompts_under_25_words(nb):
    long = [
        (cell.id, len(prose.words(one)), one)
        for cell in markdown(nb)
        if cell.id.endswith("_prompt")
        for one in prose.sentences(cell.source)
        if len(prose.words(one)) >= 25
    ]
    assert long == []


def test_are_there_no_loaded_words(nb):
    found = {cell.id: LOADED.findall(cell.source) for cell in nb.cells}
    assert {cell_id: terms for cell_id, terms in found.items() if terms} == {}


def test_has_each_percentage_a_count_in_its_cell(nb):
    bare = {cell.id: prose.bare_percentage(cell.source) for cell in markdown(nb)}
    assert {cell_id: text for cell_id, text in bare.items() if text} == {}


def test_are_the_terms_of_the_glossary_unique_and_defined():
    terms = [row["term"].casefold() for row in glossary.rows()]
    assert len(terms) == len(set(terms)) == 189
    assert all(row["definition"] for row in glossary.rows())
    assert terms == sorted(terms)


def test_belongs_each_term_of_the_glossary_to_a_module():
    known = {module.id[1:] for module in syllabus.modules()}
    assert {row["module"] for row in glossary.rows()} <= known


def test_is_each_term_linked_once_and_to_its_meaning(module, nb):
    text = "\n\n".join(cell.source for cell in nb.cells)
    linked = glossary.LINK.findall(text)
    assert text.count(f"](#{glossary.ANCHOR}") == len(linked), "a link made by hand?"
    terms = glossary.terms(module.id)
    assert sorted(meaning for _, meaning in linked) == sorted(terms.values())
    names = {meaning: term for term, meaning in terms.items()}
    others = [f"{use}: {names[meaning]}" for use, meaning in linked
              if not glossary.pattern(names[meaning]).fullmatch(use)]  # fmt: skip
    assert others == []


def test_is_no_term_used_in_prose_before_its_link(module, nb):
    text = "\n\n".join(cell.source for cell in lesson.prose(nb))
    early = {}
    for term, meaning in glossary.terms(module.id).items():
        before = text[: text.index(f'](#{glossary.ANCHOR} "{meaning}")')].rsplit("[", 1)[0]
        said = " ".join(" ".join(prose.sentences(before)).casefold().replace("’", "'").split())
        for one in glossary.spellings(term):
            found = re.search(rf"(?<![\w-]){re.escape(one.casefold())}(?![\w-])", said)
            if found:
                early[term] = said[max(0, found.start() - 30) : found.end() + 30]
    assert early == {}


def test_leads_a_link_to_a_table_of_the_words_before_the_sources(module, nb):
    ids = [cell.id for cell in nb.cells]
    words = f"{module.id}_glossary"
    assert (words in ids) == bool(glossary.terms(module.id))
    if words in ids:
        assert ids[ids.index(words) + 1] == f"{module.id}_sources"
        assert prose.headings([nb.cells[ids.index(words)].source]) == [(2, glossary.HEADING)]


def test_is_the_page_of_all_words_the_one_that_would_be_made():
    kept = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert kept == glossary.page(), "run `python -m course.glossary > docs/glossary.md`"


# The reader of prose itself.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two three! *Four*?", ["One.", "Two three!", "*Four*?"]),
        ("By 3.5 per cent, e.g. in May. Then no.", ["By 3.5 per cent, e.g. in May.", "Then no."]),
        ("# A title\n\nText `a.b. C` here\ngoes on.", ["Text code here goes on."]),
        ("Lead:\n\n- one item\n- two\n\n| a | b |\n", ["Lead:", "one item", "two"]),
        ("```python\nx. Y\n```\n", []),
    ],
)
def test_are_sentences_told_apart(text, expected):
    assert prose.sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("The share is 59.5 % (n = 115).", False),
        ("That is 36.9 % of 745 alliances.", False),
        ("In 2012 the share was 59.5 %.", True),
        ("In 2012 it passed 5 per cent.", True),
        ("89 states hold 53 %.", False),
        ("`x = 5 %`", False),
        ("No number per cent.", False),
    ],
)
def test_is_a_percentage_without_a_count_seen(text, bare):
    assert bool(prose.bare_percentage(text)) == bare


def test_does_a_heading_in_code_or_a_region_mark_count_for_nothing():
    sources = ["# A\n```\n### no\n```", "### BEGIN SOLUTION\n## B\n### END SOLUTION"]
    assert prose.headings(sources) == [(1, "A"), (2, "B")]
