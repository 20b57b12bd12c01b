"""The answer bank: right and wrong answers a task, each with the checks it must lose.

A bank is a TOML file a module, one `[[task id]]` table an answer: `name` says what it does,
`loses` lists the check cells that must give nothing, `code` replaces the answer cell.
"""

import copy
import tomllib
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode


@dataclass(frozen=True)
class Answer:
    """One answer to one task."""

    name: str
    loses: tuple[str, ...]
    code: str

    @property
    def right(self) -> bool:
        return not self.loses


Bank = dict[str, list[Answer]]


def read(path: Path) -> Bank:
    """Answers by task id. Raises ValueError if an answer is not stated whole."""
    bank = {}
    for task, entries in tomllib.loads(path.read_text("utf-8")).items():
        for number, entry in enumerate(entries, start=1):
            if set(entry) != {"name", "loses", "code"}:
                raise ValueError(
                    f"{path.name}: answer {number} of {task} has {sorted(entry)}; "
                    "it needs name, loses and code, and nothing else."
                )
        bank[task] = [
            Answer(one["name"], tuple(one["loses"]), one["code"].strip("\n")) for one in entries
        ]
        if not any(answer.right for answer in bank[task]):
            raise ValueError(f"{path.name}: {task} has no right answer (one that loses nothing).")
    return bank


def pack(nb: NotebookNode, bank: Bank) -> list[tuple[NotebookNode, dict[str, float]]]:
    """Every answer of the bank in as few notebooks as can be.

    Notebook k holds the k-th answer of each task (where there are fewer, the first right
    one), and comes with the points that each check must give. `nb` is a released notebook.
    """
    longest = max((len(answers) for answers in bank.values()), default=0)
    return [
        fill(nb, {task: a[k] if k < len(a) else first_right(a) for task, a in bank.items()})
        for k in range(longest)
    ]


def fill(nb: NotebookNode, chosen: dict[str, Answer]) -> tuple[NotebookNode, dict[str, float]]:
    """The notebook with the chosen answers, and the points each check must give.

    Checks of tasks that are not answered must give 0. Raises ValueError if an answer names a
    task or a check that the notebook does not have."""
    nb = copy.deepcopy(nb)
    cells = {label["grade_id"]: cell for cell in nb.cells if (label := _label(cell))}
    for task, answer in chosen.items():
        if task not in cells:
            raise ValueError(f"The bank answers {task}, which the notebook does not have.")
        if unknown := set(answer.loses) - set(expected_untouched(nb)):
            raise ValueError(f"{task}, {answer.name!r} loses {sorted(unknown)}: no such checks.")
        cells[task].source = answer.code
    lost = {check for answer in chosen.values() for check in answer.loses}
    expected, task = {}, None
    for cell in nb.cells:
        label = _label(cell)
        if label.get("solution"):
            task = label["grade_id"]
        elif label.get("grade"):
            earns = task in chosen and label["grade_id"] not in lost
            expected[label["grade_id"]] = float(label["points"]) if earns else 0.0
    return nb, expected


def expected_untouched(nb: NotebookNode) -> dict[str, float]:
    """What a notebook that nobody worked on must earn: nothing, check by check."""
    labels = map(_label, nb.cells)
    return {x["grade_id"]: 0.0 for x in labels if x.get("grade") and not x.get("solution")}


def first_right(answers: list[Answer]) -> Answer:
    return next(answer for answer in answers if answer.right)


def _label(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})
