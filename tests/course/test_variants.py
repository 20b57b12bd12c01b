"""Covers course/variants.py: the same key gives the same parameters, different keys spread
over all options, the key is found where it was kept; and for every option of every module: its
lesson works, says something of its own, no extreme it names is tied, its material is of like
size, and no check or answer reads or finds changed what differs from learner to learner.

Leaves out what makes an option hard other than the size of its material (the lessons' authors).
"""

import contextlib
import copy
import io
import itertools
import re
import symtable
import warnings
from collections import Counter
from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
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


# In the lessons. A module is covered as soon as it has a block in variants.toml.

#: What a learner's own material is, by its name in the cell that shows it, so that its size can be
#: compared. Without one, the words shown are counted.
MATERIAL = {
    "m01": "theirs",  # claims of the section to choose from
    "m03": "ever",  # alliances of the state
    "m04": "theirs",  # cases of the promise
    "m05": "theirs",  # partners of the state
    "m06": "candidates",  # states of the region
    "m07": "theirs",  # months of the contributor
    "m08": "theirs",  # months of the mission
    "m09": "there",  # crises of the region
    "m10": "of_pair",  # incidents of the pair
    "m11": "bound",  # parties to the treaty
    "m12": "issues",  # to write lines of protocol for
    "m13": "yours",  # members to compare
    "m14": "place",  # items of the portfolio
}
#: The largest material is at most so many times the smallest.
ALIKE = 4


class Own:
    """A lesson's own cells: those that ask for a learner's parameters, and those right after
    them that go on with what they found."""

    def __init__(self, module: str):
        self.module = syllabus.module(module)
        self.choices = variants.table()[module]
        code = [
            c
            for c in nbformat.read(self.module.notebook, 4).cells
            if c.cell_type == "code"
            and not lesson.SELF_STUDY.match(c.id)
            and not lesson.KEEP.fullmatch(c.id)
        ]
        self.own = [c for c in code if re.search(r"\bmine\(", c.source)]
        self.graded = [c for c in code if lesson.role(c.id) in ("answer", "check")]
        last = code.index(self.own[-1])
        for cell in code[last + 1 :]:
            if lesson.role(cell.id) in ("answer", "check") or not uses(cell, self.names()):
                break
            self.own.append(cell)
        self.checks = [c for c in self.graded if lesson.role(c.id) == "check"]
        self.rest = [c for c in code if c not in self.own and c not in self.checks]
        self.before = [c for c in self.rest if c in code[:last]]

    def names(self) -> set[str]:
        """What the own cells set."""
        return set().union(*(binds(cell.source) for cell in self.own))

    def combinations(self) -> list[variants.Parameters]:
        return [
            variants.Parameters(zip(self.choices, picked, strict=True))
            for picked in itertools.product(*self.choices.values())
        ]

    def run(self, cells, space: dict) -> str:
        """What the cells print."""
        told = io.StringIO()
        with (
            contextlib.chdir(self.module.notebook.parent),
            contextlib.redirect_stdout(told),
            plt.rc_context(),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", UserWarning)  # Agg cannot show a figure
            for cell in cells:
                exec(compile(cell.source, cell.id, "exec"), space)
            plt.close("all")
        return told.getvalue()

    def show(self, given: variants.Parameters, space: dict) -> str:
        """What they print for one learner; `space` is as they leave it."""
        space["mine"] = lambda _: given
        return self.run(self.own, space)


def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from tables(child)


def reads(source: str) -> set[str]:
    """Names of the notebook that a cell uses, those inside its functions too."""
    top = symtable.symtable(source, "cell", "exec")
    return {
        symbol.get_name()
        for table in tables(top)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is top or symbol.is_global())
    }


def binds(source: str) -> set[str]:
    """Names of the notebook that a cell sets."""
    top = symtable.symtable(source, "cell", "exec")
    return {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}


def uses(cell, names: set[str]) -> set[str]:
    """Which of the names a cell reads. What it sets itself, such as a name it loops over, is its
    own."""
    return (reads(cell.source) & names) - binds(cell.source)


def kept(space: dict) -> dict:
    """A copy of the data among the names, to compare with later."""
    data = (pd.DataFrame, pd.Series, list, dict, set)
    return {n: copy.deepcopy(v) for n, v in space.items() if isinstance(v, data) and n[0] != "_"}


def same(one, other) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one.equals(other) if hasattr(one, "equals") else bool(one == other)


@pytest.fixture(scope="module", params=MODULES)
def lesson_of(request) -> tuple[Own, dict]:
    """A lesson's own cells, and its names just before them, with the reference's answers."""
    own, space = Own(request.param), {"__name__": "__main__"}
    own.run(own.before, space)
    return own, space


def naming_one(find: Callable, extreme: str) -> Callable:
    """`Series.idxmax` that fails where several rows share first place."""

    def found(self, *args, **kwargs):
        assert (self == getattr(self, extreme)()).sum() == 1, f"tied: {self.name}"
        return find(self, *args, **kwargs)

    return found


@pytest.fixture
def unique_extremes(monkeypatch):
    for name, extreme in {"idxmax": "max", "idxmin": "min"}.items():
        monkeypatch.setattr(pd.Series, name, naming_one(getattr(pd.Series, name), extreme))


def test_does_the_lesson_work_and_differ_for_every_option(lesson_of, unique_extremes):
    own, space = lesson_of
    told = [own.show(given, dict(space)) for given in own.combinations()]
    assert all(told)
    assert len(set(told)) == len(told)
    empty = r"\bnan\b|\bNone\b|<NA>|\bNaT\b|\binf\b|Empty DataFrame|Series\(\[\]|\[\]|\{\}"
    assert not re.search(empty, "\n".join(told))


def test_is_the_material_of_every_option_of_like_size(lesson_of):
    own, space = lesson_of
    name = MATERIAL.get(own.module.id)
    sizes = {}
    for given in own.combinations():
        seen = dict(space)
        told = own.show(given, seen)
        sizes[tuple(given.values())] = len(seen[name]) if name else len(told.split())
    assert min(sizes.values()) > 0
    assert max(sizes.values()) <= ALIKE * min(sizes.values()), sizes


def test_reads_no_graded_cell_what_differs_from_learner_to_learner(lesson_of):
    own, _ = lesson_of
    touched = {cell.id: uses(cell, own.names() | {"mine"}) for cell in own.graded}
    assert {cell_id: names for cell_id, names in touched.items() if names} == {}


def test_leaves_an_own_cell_the_data_of_the_checks_as_they_were(lesson_of):
    own, space = lesson_of
    before = kept({name: v for name, v in space.items() if name not in own.names()})
    for given in own.combinations():
        own.show(given, dict(space))
    assert [name for name, value in before.items() if not same(value, space[name])] == []


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_pass_all_checks_beside_a_learners_own_parameters(module):
    # Under one set: by the two tests before, checks see the same names and data under all.
    own, space = Own(module), {"__name__": "__main__"}
    given = own.combinations()[-1]
    own.run(own.before, space)
    own.show(given, space)
    own.run(own.rest[len(own.before) :], space)
    own.run(own.checks, space)


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
