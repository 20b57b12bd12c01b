"""What a learner may read of how a check cell came out.

Nothing of the cell's source, inputs, printed text or traceback passes through here. What
does: the sentences of the three outcomes that are written for learners, and the names of
questions answered right, if they stand in the check cell as text.
"""

import ast
import builtins
import re

from nbformat import NotebookNode

MIME = "application/vnd.mildip.checks+json"
WRITTEN_FOR_LEARNERS = {
    "NotAttempted": "not attempted",
    "Broke": "broke",
    "NotYet": "not yet",
}
SYMBOLS = {
    "right": "✓",
    "partly right": "◐",
    "not yet": "✗",
    "did not pass": "✗",
    "broke": "!",
    "not attempted": "○",
    "missing": "–",
    "marked by a reader": "✎",
}
#: How a line about a hidden check ends before its hint; it holds no word of a learner's.
HIDDEN = "(hidden)"
MAX_SENTENCE = 600
MAX_SENTENCES = 30
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def verdict(cell: NotebookNode | None, points: float, max_points: float) -> tuple[str, list[str]]:
    """Outcome (a key of SYMBOLS) and sentences, from a check cell as it was run."""
    if cell is None:
        return "missing", ["This check was not in the notebook that was handed in."]
    outputs = cell.get("outputs", [])
    right = [f"{SYMBOLS['right']} {name}" for name in _names_right(cell)]
    for output in outputs:
        if output.output_type == "error":
            outcome, sentences = _of_error(output)
            return outcome, (right + sentences)[:MAX_SENTENCES]
    if points < max_points:
        if any(o.output_type == "stream" and o.name == "stderr" for o in outputs):
            return "did not pass", ["A warning or an error was printed while this check ran."]
        return ("partly right" if points else "did not pass"), right
    return "right", right


def lines_for_learner(output: NotebookNode) -> list[str]:
    """The sentences of one output that are written for learners."""
    if output.output_type != "error" or output.get("ename") not in WRITTEN_FOR_LEARNERS:
        return []
    return plain(str(output.get("evalue", ""))).splitlines()


def fit_to_tell(output: NotebookNode, told: set[str]) -> NotebookNode:
    """An output of a whole check, without a learner's words that were said after a hidden
    check had been asked: they could hold what it passed in.

    `told` are the lines of the same check as it was released. Lines about hidden checks stay;
    of any other line only its name stays."""
    if lines := lines_for_learner(output):
        heads = [line.split(": ", 1)[0] for line in lines]
        kept = [
            line if line in told or head.endswith(HIDDEN) else head
            for line, head in zip(lines, heads, strict=True)
        ]
        output.evalue = "\n".join(kept)
        output.traceback = kept
    return output


def check_name(source: str, fallback: str) -> str:
    """The first line of a check cell's docstring."""
    try:
        text = ast.get_docstring(ast.parse(source))
    except SyntaxError:
        text = None
    return text.strip().splitlines()[0] if text and text.strip() else fallback


def plain(text: str) -> str:
    """Text without terminal colours."""
    return _ANSI.sub("", text)


def _of_error(output: NotebookNode) -> tuple[str, list[str]]:
    ename, evalue = str(output.get("ename", "")), plain(str(output.get("evalue", "")))
    if outcome := WRITTEN_FOR_LEARNERS.get(ename):
        return outcome, [line[:MAX_SENTENCE] for line in evalue.splitlines() if line.strip()]
    if ename == "CellTimeoutError":
        return "did not pass", ["This check ran longer than the time allowed."]
    known = isinstance(getattr(builtins, ename, None), type)
    # A name that the learner's code made up could carry a hidden input.
    return "did not pass", [f"This check did not pass ({ename if known else 'an error'})."]


def _names_right(cell: NotebookNode) -> list[str]:
    reports = [o.data[MIME] for o in cell.get("outputs", []) if MIME in o.get("data", {})]
    lines = reports[-1].get("lines", []) if reports and isinstance(reports[-1], dict) else []
    asked = _texts(cell.source)
    return [
        line["name"]
        for line in lines
        if isinstance(line, dict) and line.get("outcome") == "right" and line.get("name") in asked
    ]


def _texts(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
