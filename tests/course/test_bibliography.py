"""Covers the bibliography as a whole: each entry says in one place whether it is confirmed,
learners read what is not, every key and every author and year that a page names has an entry.

Leaves out whether an entry is true (docs/review/facts), and how one is cited (test_syllabus).
"""

import re

import nbformat
import pytest

from course import bibliography, glossary, lesson, syllabus
from course.places import ROOT

ENTRIES = syllabus.references()
MODULES = syllabus.modules()
#: (Fearon 1995), (Klein and others 2006), (Huth 1999; Lemke 1995): name and year.
NAMED = re.compile(
    r"([A-Z][\w'’-]+)(?: and (?:others|[A-Z][\w'’-]+)| et al\.)?,? ((?:18|19|20)\d\d)\b"
)


def test_is_each_key_given_once():
    text = (ROOT / "course" / "references.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{([^,\s]+),", text, re.M)
    assert len(keys) == len(set(keys)) == len(ENTRIES)


@pytest.mark.parametrize("key", ENTRIES)
def test_says_each_entry_what_was_seen_and_when_or_that_nothing_was(key):
    entry = ENTRIES[key]
    seen = entry["confirmed"]
    assert seen.startswith("no") or re.search(r"\b20\d\d-\d\d\b", seen)
    # What was not seen has a field of its own, which learners are shown.
    assert not re.search(r"\bnot seen\b|\bnot settled\b", seen)
    assert entry.get("unseen") or not seen.startswith("no")


@pytest.mark.parametrize("key", [key for key in ENTRIES if ENTRIES[key].get("unseen")])
def test_is_a_learner_told_what_is_unconfirmed(key):
    assert syllabus.cite(key).endswith(f"Unconfirmed: {ENTRIES[key]['unseen']}.")


def test_is_a_learner_told_nothing_of_the_kind_otherwise():
    settled = [key for key in ENTRIES if not ENTRIES[key].get("unseen")]
    assert [key for key in settled if "nconfirmed" in syllabus.cite(key)] == []


def test_is_the_page_the_one_that_would_be_made():
    kept = (ROOT / "docs" / "bibliography.md").read_text("utf-8")
    assert kept == bibliography.page(), "run `python -m course.bibliography > docs/bibliography.md`"


def test_says_no_other_page_which_readings_are_unconfirmed():
    text = (ROOT / "docs" / "review" / "facts" / "readings.md").read_text("utf-8")
    assert "not fully confirmed" not in text.split("\n## ", 1)[1]


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "review" / "facts").glob("*.md")), ids=lambda page: page.stem
)
def test_has_each_key_on_a_page_of_facts_its_entry(page):
    key = r"`([a-z]+(?:_[a-z0-9]+)*_(?:18|19|20)\d\d[a-z]?)`"
    named = set(re.findall(key, page.read_text("utf-8")))
    assert sorted(named - set(ENTRIES)) == []


def people(key: str) -> set[str]:
    """Family names of an entry's authors and editors; organisations left out."""
    entry = ENTRIES[key]
    names = f"{entry.get('author', '')} and {entry.get('editor', '')}".split(" and ")
    return {name.split(",")[0] for name in names if "," in name and "{" not in name}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.id)
def test_is_everyone_cited_by_name_and_year_on_the_reading_list(module):
    nb = nbformat.read(module.notebook, as_version=4)
    text = "\n".join(glossary.unlink(cell.source) for cell in lesson.prose(nb))
    listed = {(name, ENTRIES[key]["year"][:4]) for key in module.readings for name in people(key)}
    known = set().union(*map(people, ENTRIES))
    cited = {
        (name, year)
        for inside in re.findall(r"\(([^()]*\b(?:18|19|20)\d\d[^()]*)\)", text)
        for name, year in NAMED.findall(inside)
        if name in known
    }
    assert sorted(cited - listed) == []
