"""What a worker does with its rooms: dead ones, dirty ones, those that do not serve.

Notebooks are graded as a worker grades them, in each kind of sandbox. Left out: rooms by
themselves (tests/kernels) and what hostile notebooks try (tests/threats).
"""

import json
import signal
from collections.abc import Callable, Iterator

import psutil
import pytest
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook

from autograder.kernels import sandbox
from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import Sandbox, View, probe
from autograder.runner import one

pytestmark = pytest.mark.slow

DOUBLE = "def double(x):\n    return x + x"
APPLY = "def apply(change, x):\n    return change(x)"
RIGHT = {"double": 1.0, "apply": 1.0}


def cell(source: str, name: str, **flags: bool):
    label = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    label |= {"grade_id": name, "schema_version": 3, "cell_type": "code"}
    if label["grade"]:
        label["points"] = 1
    return new_code_cell(source, id=name, metadata={"nbgrader": label})


def notebook(opening: str = "", **sources: str) -> str:
    """A notebook of two answers and their checks; `sources` replace those of that name."""
    given = {
        "double": DOUBLE,
        "double_check": "assert double(2) == 4",
        "apply": APPLY,
        "apply_check": "assert apply(lambda x: x + 1, 1) == 2",
    } | sources
    cells = [
        cell(source, name, solution="_" not in name, grade="_" in name, locked="_" in name)
        for name, source in given.items()
    ]
    if opening:
        cells.insert(0, cell(opening, "opening", locked=True))
    return writes(new_notebook(cells=cells))


@pytest.fixture(scope="module", params=["bwrap", "landlock"])
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    if reason := probe(request.param):
        pytest.skip(f"no {request.param} here: {reason}")
    yield request.param
    one.close_rooms()


@pytest.fixture
def grade(kind: str) -> Callable[..., dict]:
    """Grade answers; names ending in `_check` replace checks of the source, as `opening` does.
    `seconds` is the limit of a cell."""

    def grade(limits: dict | None = None, seconds: float = 4, **sources: str) -> dict:
        checks = {
            name: text for name, text in sources.items() if name.endswith(("_check", "opening"))
        }
        settings = {"sandbox": kind, "cell_seconds": seconds, "notebook_seconds": 30,
                    "limits": Limits(**(limits or {})).as_dict()}  # fmt: skip
        job = one.pack(
            source=notebook(**checks),
            released=notebook(double="...", apply="...", **checks),
            submission=notebook(**sources),
            files={"data.txt": b"ours".hex()},
            settings=settings,
            module="m01_two",
            notebook="two",
        )
        result = json.loads(one.grade_one(job))
        result["marks"] = {
            name.removesuffix("_check"): score for name, score in result.get("scores", {}).items()
        }
        return result

    return grade


def rooms_of_last() -> one.Rooms:
    return next(reversed(one._warm_rooms.values()))


def warm_processes(room: Sandbox) -> list[psutil.Process]:
    """The room's own process and what it is made of, from the inmost out."""
    outer = psutil.Process(room.pid)
    return [*outer.children(recursive=True)[::-1], outer]


@pytest.mark.parametrize("which", ["learner", "marker"])
@pytest.mark.parametrize("place", [0, -1], ids=["inmost", "outmost"])
def test_is_a_room_that_died_between_two_notebooks_made_anew(grade, which, place):
    assert grade()["marks"] == RIGHT
    rooms = rooms_of_last()
    warm_processes(getattr(rooms, which))[place].send_signal(signal.SIGKILL)
    result = grade()
    assert (result["result"], result["marks"]) == ("graded", RIGHT)
    assert rooms_of_last() is rooms


def test_is_a_room_that_dies_under_a_notebook_our_trouble(grade, monkeypatch):
    """It is tried again by the runner: nobody can say who ended the room."""
    fork = Sandbox.fork

    def then_end(room):
        process = fork(room)
        *inner, outer = warm_processes(room)
        outer.kill()
        assert psutil.wait_procs(inner, timeout=10)[1] == []
        return process

    monkeypatch.setattr(Sandbox, "fork", then_end)
    assert grade()["result"] == "infrastructure"
    monkeypatch.undo()
    assert grade()["marks"] == RIGHT


FILL = "\nfor number in range(3000):\n    open(f'f{number}', 'w').close()\n"
LOOK = "\nimport os\nassert os.listdir() == ['data.txt'], os.listdir()\n"


def test_does_a_room_that_is_slow_to_clean_cost_nobody_a_mark(grade, monkeypatch):
    assert grade()["marks"] == RIGHT
    rooms = rooms_of_last()
    before = rooms.learner.pid
    monkeypatch.setattr(sandbox, "CLEAN_SECONDS", 0.001)
    result = grade(double=DOUBLE + FILL)
    assert (result["result"], result["marks"]) == ("graded", RIGHT)
    assert rooms.learner.pid != before
    monkeypatch.undo()
    assert grade(double=DOUBLE + LOOK)["marks"] == RIGHT


def test_does_a_room_that_is_slow_to_clean_in_the_middle_cost_the_rest(grade, monkeypatch):
    monkeypatch.setattr(sandbox, "CLEAN_SECONDS", 0.001)
    result = grade(double=f"{FILL}\nos = __import__('os')\nos._exit(0)", apply=APPLY + LOOK)
    assert result["result"] == "died"
    assert result["marks"] == {"double": 0.0, "apply": 1.0}


def test_are_files_without_end_stopped(grade):
    many = "number = 0\nwhile True:\n    open(f'f{number}', 'w').close()\n    number += 1\n"
    result = grade({"files": 20_000}, seconds=2, double=many)
    assert result["marks"] == {"double": 0.0, "apply": 1.0}
    said = "made more files than there is room for", "ran for more than 2 s"
    # Only bubblewrap's disks of memory tell how many files they hold.
    assert any(part in result["reason"] for part in said)
    assert grade(double=DOUBLE + LOOK)["marks"] == RIGHT


def test_is_a_process_that_never_served_our_trouble(grade):
    """The limit on open files is below what a process needs: no learner can help that."""
    result = grade({"open_files": 1})
    assert result["result"] == "infrastructure"
    assert "did not start" in result["detail"]


def test_is_a_process_that_ended_after_it_served_the_learners(grade):
    result = grade(double="import os\nos.kill(os.getpid(), 9)")
    assert result["result"] == "died"
    assert result["marks"] == {"double": 0.0, "apply": 1.0}
    assert result["reason"].startswith("Cell double ended the program")


def test_have_answers_and_checks_different_ids(grade):
    assert grade()["marks"] == RIGHT
    rooms = rooms_of_last()
    ids = [psutil.Process(room.pid).uids().real for room in (rooms.learner, rooms.marker)]
    if psutil.Process().uids().effective:
        pytest.skip("only root can give rooms ids of their own")
    assert len({*ids, 0}) == 3


def test_can_a_room_without_walls_reach_one_of_another_seat():
    """Ids alone protect here, as below the Landlock version that stops signals."""
    if psutil.Process().uids().effective:
        pytest.skip("only root can give rooms ids of their own")
    with Sandbox("none", View()) as learner, Sandbox("none", View(), seat=1) as marker:
        for room in (learner, marker):
            room.prepare()
        other = marker.fork()
        tries = (
            f"import os\nfor pid in ({marker.pid}, {other.pid}):\n"
            "    for do in (lambda: os.kill(pid, 0), lambda: open(f'/proc/{pid}/environ').read(),\n"
            "               lambda: os.listdir(f'/proc/{pid}/fd')):\n"
            "        try:\n            do()\n            print('GOT')\n"
            "        except PermissionError:\n            print('no')"
        )
        reply = learner.fork().ask({"do": "run", "source": tries}, 10)
        said = "".join(out.get("text", "") for out in reply["outputs"])
        assert said.split() == ["no"] * 6


# All that a learner's room may send.

FIND_CELLS = (
    "import gc\nfrom autograder.kernels.cells import Cells\ngc.unfreeze()\n"
    "(cells,) = [one for one in gc.get_objects() if type(one) is Cells]\n"
)


def test_is_more_data_than_a_notebook_may_send_told_in_a_sentence(grade, monkeypatch):
    monkeypatch.setattr(one, "MOST_BYTES_IN_ALL", 1_000_000)
    result = grade(double="def double(x):\n    return 'x' * 300_000",
                   double_check="for _ in range(9):\n    double(2)")  # fmt: skip
    assert result["result"] == "died"
    assert result["reason"].startswith("Cell double_check gave back more data than is read")
    assert result["marks"] == {"double": 0.0, "apply": 1.0}


def test_is_a_reply_that_comes_byte_by_byte_given_up(grade):
    drip = FIND_CELLS + (
        "import struct, time\n"
        "sock = cells.ask.__closure__[-1].cell_contents\n"
        "def double(x):\n"
        "    sock.sendall(struct.pack('!Q', 1_000_000))\n"
        "    while True:\n"
        "        sock.sendall(b' ')\n"
        "        time.sleep(0.0005)\n"
    )
    result = grade(seconds=2, double=drip)
    assert result["result"] in ("died", "timed out")
    assert result["marks"] == {"double": 0.0, "apply": 1.0}


# Functions that a check passes: what the worker limits.


def test_does_an_answer_that_reads_no_reply_cost_that_check_alone(grade):
    """What a call-back gave lies unread as time is up: the next request must not meet it."""
    deaf = FIND_CELLS + (
        "import json, struct\n"
        "sock = cells.ask.__closure__[-1].cell_contents\n"
        "def apply(change, x):\n"
        "    ask = {'ask': {'of': change.lent_as, 'args': [1], 'kwargs': {}}}\n"
        "    text = json.dumps(ask).encode()\n"
        "    sock.sendall(struct.pack('!Q', len(text)) + text)\n"
        "    while True:\n"
        "        pass\n"
    )
    result = grade(seconds=2, apply=deaf)
    assert (result["result"], result["marks"]) == ("timed out", {"double": 1.0, "apply": 0.0})


def test_is_a_check_that_ended_the_program_as_released_not_asked_again(grade, monkeypatch):
    assert grade()["marks"] == RIGHT
    forks, fork = [], Sandbox.fork
    monkeypatch.setattr(Sandbox, "fork", lambda room: forks.append(room.seat) or fork(room))
    result = grade(double="import os\ndef double(x):\n    os._exit(0)")
    assert (result["result"], result["marks"]) == ("died", {"double": 0.0, "apply": 1.0})
    assert forks.count(0) == 2


def test_are_call_backs_counted(grade, monkeypatch):
    monkeypatch.setattr(one, "MOST_CALL_BACKS", 50)
    many = "def apply(change, x):\n    for _ in range(100):\n        y = change(x)\n    return y"
    assert grade(apply=many)["marks"] == {"double": 1.0, "apply": 0.0}
    monkeypatch.setattr(one, "MOST_CALL_BACKS", 100)
    assert grade(apply=many)["marks"] == RIGHT


def test_is_recursion_between_the_two_sides_stopped(grade):
    between = "def apply(change, x):\n    def again():\n        return change(again)\n    again()"
    check = "assert apply(lambda x: x(), 1) == 2"
    result = grade(apply=between, apply_check=check)
    assert (result["result"], result["marks"]) == ("graded", {"double": 1.0, "apply": 0.0})


def test_does_recursion_of_a_few_levels_work(grade):
    between = (
        "def apply(change, x):\n    return 0 if x == 0 else change(lambda: apply(change, x - 1))"
    )
    check = "assert apply(lambda rest: rest() + 1, 4) == 4"
    assert grade(apply=between, apply_check=check)["marks"] == RIGHT


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ("while True:\n        change(x)", "timed out"),
        ("while True:\n        try:\n            change(x)\n"
         "        except BaseException:\n            pass", "timed out"),
        ("change(lambda: [0 for _ in iter(int, 1)])", "timed out"),
        ("change(lambda: __import__('os')._exit(0))", "died"),
    ],
)  # fmt: skip
def test_do_time_limits_hold_while_a_function_is_called_back(grade, body, came):
    check = "apply(lambda x: x() if callable(x) else x, 1)\nassert False"
    answer = f"def apply(change, x):\n    {body}"
    result = grade(seconds=2, apply=answer, apply_check=check)
    assert (result["result"], result["marks"]) == (came, {"double": 1.0, "apply": 0.0})
    assert result["reason"].startswith("Cell apply_check ")


def test_does_a_call_back_that_ends_the_marker_cost_that_check_alone(grade):
    check = "import os\napply(lambda x: os._exit(0), 1)"
    result = grade(apply_check=check)
    assert (result["result"], result["marks"]) == ("died", {"double": 1.0, "apply": 0.0})


def test_is_a_check_asked_anew_if_its_function_counts_calls(grade):
    """The second run of a check repeats no answer that came of a call back."""
    check = "seen = []\nassert apply(lambda x: seen.append(x) or 2, 1) == 2\nassert seen == [1]"
    assert grade(apply_check=check)["marks"] == RIGHT


def test_can_a_cell_call_what_no_check_has_passed(grade):
    forge = FIND_CELLS + (
        "for ask in ({'of': 0, 'args': [], 'kwargs': {}}, {'do': 'run', 'source': '1'}, [], 5,\n"
        "            {'of': True, 'args': 5}):\n"
        "    assert cells.ask(ask) == {}, ask\n"
    )
    result = grade(double=forge + DOUBLE)
    assert (result["result"], result["marks"]) == ("graded", RIGHT)
    assert "AssertionError" not in result["notebook"]


def test_does_a_check_see_a_value_of_a_library_that_the_answer_alone_has_loaded(grade):
    answer = "def double(x):\n    import pandas\n    return pandas.DataFrame({'x': [2 * x]})"
    check = "assert list(double(2)['x']) == [4]"
    result = grade(double=answer, double_check=check)
    assert (result["result"], result["marks"]) == ("graded", RIGHT)


SAME = "import numpy, pandas\ntable = pandas.DataFrame({'x': numpy.arange(1000)})"
OTHER = "import numpy, pandas\ntable = pandas.DataFrame({'x': numpy.random.rand(1000)})"
DOUBLED = "assert double(table).equals(table + table)"


@pytest.fixture
def sent_tables(monkeypatch) -> list[bool]:
    """For each table that the checks pass to an answer: were its values sent along?"""
    found, send = [], one.channel.send

    def noted(sock, message, *args, **kwargs):
        if message.get("do") == "call":
            tables = [part for part in message["args"] if isinstance(part, dict) and "seen" in part]
            found.extend("data" in table for table in tables)
        return send(sock, message, *args, **kwargs)

    monkeypatch.setattr(one.channel, "send", noted)
    return found


@pytest.mark.parametrize(("opening", "sent"), [(SAME, False), (OTHER, True)], ids=["same", "other"])
def test_is_a_table_that_both_rooms_begin_with_passed_by_its_name(
    grade, sent_tables, opening, sent
):
    """One drawn by chance is not the same on both sides, and is sent whole."""
    result = grade(opening=opening, double_check=DOUBLED)
    assert (result["result"], result["marks"]) == ("graded", RIGHT)
    assert sent_tables == [sent]


@pytest.mark.parametrize("change", ["table.loc[0, 'x'] = 7", "table['x'] = 0", "del table"])
def test_does_a_check_pass_a_table_as_it_was_whatever_became_of_it_there(grade, change):
    result = grade(opening=SAME, double=f"{change}\n{DOUBLE}", double_check=DOUBLED)
    assert (result["result"], result["marks"]) == ("graded", RIGHT)


def test_is_a_room_made_anew_with_other_tables_our_trouble(grade):
    answers = {"opening": OTHER, "double_check": DOUBLED}
    assert grade(**answers)["marks"] == RIGHT
    warm_processes(rooms_of_last().learner)[0].send_signal(signal.SIGKILL)
    assert grade(**answers)["result"] == "infrastructure"
    assert grade(**answers)["marks"] == RIGHT
