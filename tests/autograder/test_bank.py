"""The answer bank: reading it, and packing its answers into few notebooks.

Left out: the real bank, which is graded through the whole pipeline elsewhere.
"""

import nbformat
import pytest

from autograder import bank


@pytest.fixture
def nb(released_once, tiny):
    return tiny.released(released_once)


def test_is_every_answer_packed_once_with_the_points_it_must_get(nb, tiny, tmp_path):
    path = tmp_path / "m01_sums.toml"
    path.write_text(tiny.BANK_SUMS)
    given = bank.read(path)
    packed = bank.pack(nb, given)
    assert len(packed) == len(given["m01_t1"]) == 3
    for (filled, expected), answer in zip(packed, given["m01_t1"], strict=True):
        sources = [cell.source for cell in filled.cells]
        assert answer.code in sources
        earned = {"m01_t1_check": 2.0, "m01_t1_check_more": 1.5}
        assert expected == {c: 0.0 if c in answer.loses else p for c, p in earned.items()}


def test_does_packing_leave_the_released_notebook_as_it_was(nb, tiny, tmp_path):
    before = nbformat.writes(nb)
    bank.fill(nb, {"m01_t1": bank.Answer("a", (), "def double(x): ...")})
    assert nbformat.writes(nb) == before


def test_must_an_unanswered_task_earn_nothing(nb):
    filled, expected = bank.fill(nb, {})
    assert filled == nb and set(expected.values()) == {0.0} and len(expected) == 2


def test_is_a_shorter_list_filled_up_with_its_first_right_answer(nb):
    wrong = bank.Answer("wrong", ("m01_t1_check",), "1")
    right = bank.Answer("right", (), "2")
    packed = bank.pack(nb, {"m01_t1": [wrong, right], "m01_t2": [wrong] * 3 + [right]})
    assert [cells(filled)["m01_t1"].source for filled, _ in packed] == ["1", "2", "2", "2"]


def cells(nb) -> dict:
    return {cell.get("id"): cell for cell in nb.cells}


@pytest.mark.parametrize(
    ("answer", "amiss"),
    [
        ({"m01_t9": bank.Answer("a", (), "")}, "m01_t9, which the notebook does not have"),
        ({"m01_t1": bank.Answer("a", ("m01_t1_chek",), "")}, "no such checks"),
        ({"m01_t1": bank.Answer("a", ("m01_t2",), "")}, "no such checks"),
    ],
)
def test_does_a_name_the_notebook_lacks_say_so(nb, answer, amiss):
    with pytest.raises(ValueError, match=amiss):
        bank.fill(nb, answer)


@pytest.mark.parametrize(
    ("text", "amiss"),
    [
        ('[[m01_t1]]\nname = "a"\nloses = []', "needs name, loses and code"),
        ('[[m01_t1]]\nname = "a"\nloses = ["x"]\ncode = ""', "no right answer"),
    ],
)
def test_is_an_unfinished_bank_refused(tmp_path, text, amiss):
    (tmp_path / "m01.toml").write_text(text)
    with pytest.raises(ValueError, match=amiss):
        bank.read(tmp_path / "m01.toml")
