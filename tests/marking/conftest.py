"""A pair of rooms, as a worker keeps them: one for a learner's code, one for the checks."""

import time
from collections.abc import Callable, Iterator

import pytest

from autograder.kernels import channel
from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import NoSandbox, Process, Sandbox, View, choose
from course.places import DATASETS, ROOT

OPENING = (
    "import pandas as pd\n"
    "from course.check import expect, probe, task\n"
    "states = pd.DataFrame({'state': ['Ghana', 'Nepal'], 'troops': [3, 4]})"
)


class Pair:
    """A learner's process and a marker's; names of one can be given to the other."""

    def __init__(self, learner: Process, marker: Process):
        self.learner, self.marker = learner, marker

    def answer(self, source: str) -> str:
        return _said(self.learner.ask({"do": "run", "source": source}, 30))

    def give(self, *names: str) -> None:
        """Tell the marker what the learner's names stand for."""
        for name in names:
            data = self.learner.ask({"do": "fetch", "name": name}, 30)["value"]
            thing = isinstance(data, dict) and data.get("t") == "thing"
            request = {"thing": data} if thing else {"value": data}
            self.marker.ask({"do": "define", "name": name, **request}, 30)

    def check(self, source: str) -> str:
        """Run a check, passing on what it asks of the learner's side; what came of it."""
        return _said(_asked(self.marker, {"do": "run", "source": source}, self.learner))


def _asked(one: Process, request: dict, other: Process) -> dict:
    """What one side answers, after it has asked the other, which may ask back first."""
    channel.send(one.sock, request)
    while "ask" in (reply := channel.receive(one.sock, time.monotonic() + 30)):
        question = {"do": "back", **reply["ask"]}
        channel.send(one.sock, {"reply": _asked(other, question, one)})
    return reply


def _said(reply: dict) -> str:
    parts = []
    for out in reply["outputs"]:
        if out["output_type"] == "error":
            parts.append(f"{out['ename']}: {out['evalue']}")
        elif out["output_type"] == "stream":
            parts.append(out["text"])
    return "".join(parts).strip()


@pytest.fixture(scope="session")
def rooms() -> Iterator[tuple[Sandbox, Sandbox]]:
    try:
        kind = choose()
    except NoSandbox as reason:
        pytest.skip(str(reason))
    view = View((str(ROOT / "course"), str(DATASETS)))
    with Sandbox(kind, view, Limits()) as learner, Sandbox(kind, view, Limits()) as marker:
        for room in (learner, marker):
            (opened,) = room.prepare(
                ["pandas", "pyarrow", "matplotlib.pyplot"], {}, [OPENING], "course.figures.as_data"
            )
            assert not opened["failed"], opened["outputs"]
        yield learner, marker


@pytest.fixture
def pair(rooms: tuple[Sandbox, Sandbox]) -> Iterator[Pair]:
    yield Pair(*(room.fork() for room in rooms))
    for room in rooms:
        room.clean()


@pytest.fixture
def both(pair: Pair) -> Callable[[str, str, str], str]:
    """Run an answer, give one name of it to the check, run the check; what came of it."""

    def both(answer: str, name: str, check: str) -> str:
        assert pair.answer(answer) == ""
        pair.give(name)
        return pair.check(check)

    return both
