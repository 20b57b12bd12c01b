"""Covers course/paper.py: a paper read from a notebook, its words, table, references, data
statement and reach, what is said where the text is not at hand, and the shelves of the capstone.

Leaves out the two worked papers (tests/notebooks/test_papers.py).
"""

import ast

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import data, paper, syllabus, variants

ENTRY = "- `fortna_2008`: Fortna, Virginia Page (2008). Does Peacekeeping Work? Princeton."
OTHERS = "- Kydd, A. (2005). Trust and Mistrust.\n- Perry, C.; Smith, A. C. (2013). Trends."
FOUND = f"As Fortna (2008), Kydd (2005) and Perry and Smith (2013) say.\n\nReferences\n\n{ENTRY}\n"


def notebook(code="", extra="", **parts):
    """A notebook with the capstone's code cell, a cell of the learner's own, and parts."""
    cells = [
        new_code_cell('load("launches")', id="m15_setup"),
        new_code_cell(code, id="m15_t2"),
        new_code_cell(extra, id="own-1"),
    ]
    cells += [new_markdown_cell(text, id=f"m15_{part}") for part, text in parts.items()]
    return new_notebook(cells=cells)


def amiss(lines: list[paper.Line]) -> dict[str, str]:
    return {name: text for name, text in lines if text}


# Reading.


def test_are_stubs_and_the_readers_notes_no_text():
    read = paper.read(notebook(t4=paper.STUB, t5="### BEGIN SOLUTION\nA.\n**For the reader who "
                               "marks.** B.\n### END SOLUTION"))  # fmt: skip
    assert (read.parts["t4"], read.parts["t5"]) == ("", "A.")


@pytest.mark.parametrize("parts", [{}, {"t4": paper.STUB, "t10": "  "}])
def test_is_a_paper_without_text_untouched(parts):
    assert paper.read(notebook(**parts)).__untouched__


@pytest.mark.parametrize(
    ("code", "route"),
    [
        ('route = "A"', "A"),
        ("route = None\nroute = 'B'", "B"),
        ("route = None", ""),
        ('route = "C"', ""),
    ],
)
def test_is_the_route_the_one_of_the_code(code, route):
    assert paper.read(notebook(code)).route == route


# Length.


def test_count_tables_headings_code_and_references_no_words():
    text = "# One two\n\nthree four, 4.5 well-known.\n\n| a | b |\n|---|---|\n| c | d |\n\n"
    read = paper.read(
        notebook(t4=text + "```python\nx = 1\n```", t7=f"five\n\nReferences\n\n{ENTRY}")
    )
    assert read.words == 5


@pytest.mark.parametrize(
    ("route", "words", "said"),
    [("A", 1200, {}), ("A", 1199, {"1199"}), ("B", 1100, {}), ("B", 1101, {"1101"})],
)
def test_is_the_length_that_of_the_route(route, words, said):
    text = "word " * (words - 1) + "word\n\n| a |\n|---|\n| 1 |"
    read = paper.read(notebook(f'route = "{route}"', t5=text))
    assert set(amiss(read.length()).values()) == {f"it has {one}" for one in said}


def test_needs_a_brief_a_table_and_a_story_none():
    for route, count in (("A", 1), ("B", 0)):
        lines = paper.read(notebook(f'route = "{route}"', t5="word " * 1200)).length()
        assert [name for name in amiss(lines) if "table" in name] == (
            ["a policy brief has a table"] * count
        )


def test_is_a_missing_route_the_only_thing_said_of_the_length():
    assert amiss(paper.read(notebook(t4="Text.")).length()) == {
        "the route is chosen": "route is neither 'A' nor 'B' in task 15.2"
    }


# References.


def test_do_references_that_parse_and_are_cited_pass():
    read = paper.read(notebook(t7=FOUND + OTHERS))
    assert amiss(read.sources()) == {}
    assert read.to_look_up() == ["Kydd, A. (2005). Trust and Mistrust.", OTHERS.split("\n- ")[1]]


def test_may_a_reference_be_cited_by_its_key():
    cited = paper.read(notebook(t5="See `fortna_2008`.", t7=f"References\n\n{ENTRY}"))
    assert "each reference is cited in the text" not in amiss(cited.sources())


@pytest.mark.parametrize("head", ["References", "## References", "**References**", "references:"])
def test_is_the_list_found_under_any_kind_of_head(head):
    assert paper.read(notebook(t7=f"Text.\n\n{head}\n\n{ENTRY}")).references.strip() == ENTRY


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("- Nobody knows when. A title.", "each reference names people and a year in brackets"),
        ("- Walt, S. (1987). The Origins of Alliances.", "each reference is cited in the text"),
    ],
)
def test_is_a_bad_reference_named(entry, line):
    said = amiss(paper.read(notebook(t7=FOUND + OTHERS + "\n" + entry)).sources())
    assert list(said) == [line]
    assert said[line] == entry[2:]


# Data and reach.


def test_are_datasets_named_and_loaded_the_same():
    code = 'def load_data():\n    return {name: load(name) for name in ["dcad", "wars"]}'
    good = paper.read(notebook(code, t10="`dcad` and `wars`, not `launches_x`."))
    assert amiss(good.datasets()) == {}
    bad = paper.read(notebook(code, t10="`dcad` and `hks`."))
    assert amiss(bad.datasets()) == {
        "each dataset named there is loaded in the code": "hks",
        "each dataset loaded is named there": "wars",
    }


def test_does_what_our_own_cells_load_count_for_nothing():
    read = paper.read(notebook('x = "dcad"', t10="`dcad`"))
    assert "launches" not in str(read.datasets())


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('pd.read_csv("/srv/data.csv")', "/srv/data.csv"),
        ('pd.read_csv("C:\\\\data.csv")', "C:\\data.csv"),
        ('pd.read_csv("https://example.org/x.csv")', "https://example.org/x.csv"),
        ("import urllib.request", "urllib"),
        ("from requests import get", "requests"),
        ("def f(:", "def f(:"),
        ('pd.read_csv("own.csv")', None),
        ('print("see https://example.org")', None),
    ],
)
def test_is_a_way_out_of_the_folder_seen(extra, said):
    found = amiss(paper.read(notebook("x = 1", extra, t4="Text.")).reach())
    assert list(found.values()) == ([said] if said else [])


# Where the text is, and where it is not.


def test_is_the_paper_the_one_saved_in_the_folder(tmp_path):
    nbformat.write(notebook('route = "B"', t4="Text."), tmp_path / "capstone.ipynb")
    assert paper.here("m15", tmp_path).text.strip() == "Text."


def test_does_an_unsaved_paper_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    with pytest.raises(FileNotFoundError, match=r"Save this notebook as capstone\.ipynb"):
        paper.here("m15", tmp_path)


def test_says_a_grader_without_the_text_that_it_was_not_read(tmp_path, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    absent = paper.here("m15", tmp_path)
    assert not absent.__untouched__
    for lines in (absent.length(), absent.sources(), absent.datasets(), absent.reach()):
        ((name, said),) = lines
        assert "not here" in name and said == ""


def test_does_the_report_for_a_reader_name_what_to_look_up(tmp_path, capsys):
    path = tmp_path / "capstone.ipynb"
    nbformat.write(notebook('route = "B"', t7=FOUND + OTHERS), path)
    paper.main([str(path)])
    told = capsys.readouterr().out
    assert "route B, 11 words" in told
    assert "✗ the text has 900 to 1100 words: it has 11" in told
    assert "? look up: Kydd" in told


# The capstone's own tables.


def values(cell_id: str, name: str):
    """What a locked cell of the capstone sets a name to, as plain data."""
    cells = nbformat.read(syllabus.module("m15").notebook, as_version=4).cells
    tree = ast.parse(next(cell.source for cell in cells if cell.id == cell_id))
    set_to = (one for one in tree.body if isinstance(one, ast.Assign))
    (found,) = (one.value for one in set_to if ast.unparse(one.targets[0]) == name)
    return ast.literal_eval(found)


def test_stands_each_dataset_on_one_shelf():
    shelved = [
        name for names in values("m15_shelves", "SHELVES").values() for name in names.split()
    ]
    assert sorted(shelved) == sorted(data.names())


def test_has_each_family_its_question_and_real_shelves():
    families, shelves = values("m15_mine", "FAMILIES"), values("m15_shelves", "SHELVES")
    assert list(families) == variants.table()["m15"]["family"]
    for _, _, named, _ in families.values():
        known = [one for one in named.split("; ") if one in shelves]
        assert known and all(one in shelves or "any two" in one for one in named.split("; "))
