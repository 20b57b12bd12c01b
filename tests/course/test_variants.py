"""Covers course/variants.py: the same key gives the same parameters, different keys spread
over all options, every option works in its lesson, the key is found where it was kept.

Leaves out whether the options are of like difficulty (the lessons' authors).
"""

import itertools
import re
import warnings
from collections import Counter

import matplotlib.pyplot as plt
import nbformat
import pytest

from course import lesson, syllabus, variants

MODULES = list(variants.table())
KEYS = [f"learner {number}" for number in range(600)]
#: The place of the option that a key picks out of eight.
PINNED = {"Ada": 0, "Bob": 7}


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)


@pytest.mark.parametrize("module", MODULES)
def test_does_a_key_give_the_same_parameters_every_time(module):
    assert variants.parameters(module, "Ada") == variants.parameters(module, " Ada\n")
    assert variants.parameters(module, "Ada") == variants.parameters(
        syllabus.module(module).folder, "Ada"
    )


def test_are_parameters_the_same_on_every_machine():
    # Typed once: a change would give learners other parameters in mid-term.
    chosen = variants._pick("m07", "country", "Ada", 8), variants._pick("m07", "country", "Bob", 8)
    assert chosen == (PINNED["Ada"], PINNED["Bob"])


@pytest.mark.parametrize("module", MODULES)
def test_is_every_option_given_to_its_share_of_learners(module):
    for name, options in variants.table()[module].items():
        assert len(options) == len(set(options)) >= 4
        given = Counter(variants.parameters(module, key)[name] for key in KEYS)
        assert set(given) == set(options)
        fair = len(KEYS) / len(options)
        assert all(fair / 2 < count < fair * 1.6 for count in given.values())


def own_cells(module: str) -> list[tuple[str, str]]:
    """The lesson's cells up to and with those that use a learner's parameters."""
    cells = nbformat.read(syllabus.module(module).notebook, 4).cells
    code = [c for c in cells if c.cell_type == "code" and lesson.role(c.id) in ("locked", "answer")]
    last = max(i for i, c in enumerate(code) if re.search(r"\bmine\(", c.source))
    return [(c.id, c.source) for c in code[: last + 1]]


@pytest.mark.parametrize("module", MODULES)
def test_does_the_lesson_work_and_differ_for_every_option(module, monkeypatch, capsys):
    choices = [
        variants.Parameters(dict(zip(variants.table()[module], picked, strict=True)))
        for picked in itertools.product(*variants.table()[module].values())
    ]
    cells = own_cells(module)
    space = {"__name__": "__main__"}
    with plt.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Agg cannot show a figure
        for cell_id, source in cells[:-1]:
            exec(compile(source, cell_id, "exec"), space)
        plt.close("all")
        told = []
        for parameters in choices:
            space["mine"] = lambda _, given=parameters: given
            capsys.readouterr()
            exec(compile(cells[-1][1], cells[-1][0], "exec"), space)
            plt.close("all")
            told.append(capsys.readouterr().out)
    assert all(told)
    assert len(set(told)) == len(choices)
    assert not re.search(r"\bnan\b|\bNone\b|<NA>", "".join(told))


def test_has_a_module_without_choices_none():
    assert variants.parameters("m00", "Ada") == {}


def test_are_parameters_shown_as_a_short_list():
    shown = repr(variants.Parameters(country="Ghana", decade=1950))
    assert shown == "Your parameters: country = Ghana, decade = 1950"


def test_is_a_kept_key_found_from_every_lesson(tmp_path):
    lesson = tmp_path / "m07_lesson"
    lesson.mkdir()
    assert variants.my_key(lesson) == variants.EXAMPLE_KEY
    said = variants.set_my_key("  Ada   L. ", tmp_path)
    assert "'Ada L.'" in said
    assert variants.my_key(lesson) == "Ada L."


def test_is_an_empty_key_refused_with_advice(tmp_path):
    with pytest.raises(ValueError, match="such as your initials"):
        variants.set_my_key("  ", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_is_an_empty_key_file_read_as_the_example(tmp_path):
    (tmp_path / variants.KEY_FILE).write_text("\n", "utf-8")
    assert variants.my_key(tmp_path) == variants.EXAMPLE_KEY


def test_does_a_server_that_knows_the_learner_give_the_key(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert variants.my_key(tmp_path) == "ada"
