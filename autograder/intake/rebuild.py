"""Rebuild a submission from our source: only the text of answer cells is the learner's.

Answer cells are found by nbgrader's id, then by cell id, and where both are gone (Colab,
copied into a new file) by the names they define or by their place after the same text.
Whatever a submission says about points, flags, checks or kernels is ignored. Cells a learner
added ride along behind the cell they stood behind.
"""

import ast
import copy
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from rapidfuzz import fuzz

MOST_CODE = 500_000  # characters; nobody writes as much, and parsing takes its time
ALIKE = 75  # of 100: text of a prompt that was touched but is still the same prompt


@dataclass
class Rebuilt:
    """The notebook to grade, and how each answer was found: id -> id, names, place, missing."""

    nb: NotebookNode
    found: dict[str, str] = field(default_factory=dict)

    @property
    def drift(self) -> list[str]:
        """Answers that were not found by their id, in words for the instructor."""
        said = {
            "names": "found by the names it defines",
            "place": "found by its place",
            "missing": "not found; counted as not attempted",
        }
        return [f"{cell} was {said[how]}" for cell, how in self.found.items() if how in said]


def label(cell: NotebookNode) -> dict:
    """nbgrader's metadata of a cell; {} if there are none one could read."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def is_check(cell: NotebookNode) -> bool:
    return bool(label(cell).get("grade")) and not label(cell).get("solution")


def is_answer(cell: NotebookNode) -> bool:
    return bool(label(cell).get("solution"))


def is_task(cell: NotebookNode) -> bool:
    """A prompt with points, which a reader marks for whatever stands below it."""
    return bool(label(cell).get("task"))


def is_graded(cell: NotebookNode) -> bool:
    return bool(label(cell).get("grade")) or is_task(cell)


def is_ours(cell: NotebookNode) -> bool:
    """Everything nbgrader locks: text, set-up, checks."""
    return bool(label(cell).get("locked")) or is_check(cell)


def is_for_self_study(cell: NotebookNode) -> bool:
    """Cells tagged `self-study` are no part of what a seminar hands out or grades."""
    tags = cell.metadata.get("tags")
    return isinstance(tags, list) and "self-study" in tags


def grade_id(cell: NotebookNode) -> str:
    return str(label(cell).get("grade_id") or cell.get("id") or "")


def _for_self_study(cell: NotebookNode) -> bool:
    return "self-study" in cell.metadata.get("tags", [])


def rebuild(source: NotebookNode, released: NotebookNode, handed_in: NotebookNode) -> Rebuilt:
    """`source` with the answers of `handed_in`; untouched answers are those of `released`.

    All three are version-4 notebooks. Nothing is executed.
    """
    skeleton = [
        copy.deepcopy(cell) for cell in source.cells if label(cell) and not _for_self_study(cell)
    ]
    alone = {cell.source for cell in source.cells if _for_self_study(cell)}
    stubs = {grade_id(cell): cell.source for cell in released.cells if is_answer(cell)}
    theirs = list(handed_in.cells)
    place_of, found = _match(skeleton, theirs)
    for cell in skeleton:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if is_answer(cell):
            name = grade_id(cell)
            there = place_of.get(name)
            cell.source = stubs.get(name, "") if there is None else theirs[there].source
            cell.metadata["mildip"] = {
                "untouched": cell.source.strip() == stubs.get(name, "").strip()
            }
            found.setdefault(name, "missing")

    taken = set(place_of.values())
    ours = {grade_id(cell) for cell in skeleton}
    answers = {grade_id(cell) for cell in skeleton if is_answer(cell)}
    behind: dict[str | None, list[NotebookNode]] = {}
    anchor = None
    names = {there: name for name, there in place_of.items()}
    for place, cell in enumerate(theirs):
        claimed = _claimed(cell)
        if place in taken:
            anchor = names[place]
        elif claimed in ours - answers:  # a second copy of an answer cell is the learner's own
            anchor = claimed
        elif cell.source not in alone and not _is_text_of_ours(cell, skeleton):
            behind.setdefault(anchor, []).append(_plain(cell, place))
    cells = list(behind.get(None, []))
    for cell in skeleton:
        cells.append(cell)
        cells += behind.get(grade_id(cell), [])
    nb = copy.deepcopy(NotebookNode(source, cells=[]))
    nb.cells = cells
    nb.metadata.pop("mildip", None)
    return Rebuilt(nb, found)


def defined_names(code: str) -> set[str]:
    """Names a cell binds at its top level. {} for code that does not parse."""
    try:
        tree = ast.parse(_without_magics(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()

    def look(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(child.name)
            elif isinstance(child, ast.Import | ast.ImportFrom):
                found.update((one.asname or one.name).split(".")[0] for one in child.names)
            elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                found.add(child.id)
            elif not isinstance(child, ast.Lambda | ast.GeneratorExp | ast.ListComp):
                look(child)

    look(tree)
    return found


def import_lines(code: str) -> list[str]:
    """The import statements at the top level of a cell, each as a line."""
    try:
        body = ast.parse(_without_magics(code)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)]


def used_names(code: str) -> set[str]:
    """Every name that occurs in a cell. {} for code that does not parse."""
    try:
        tree = ast.parse(_without_magics(code))
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _without_magics(code: str) -> str:
    return "\n".join("" if line.lstrip()[:1] in ("%", "!") else line for line in code.split("\n"))


def _match(
    skeleton: list[NotebookNode], theirs: list[NotebookNode]
) -> tuple[dict[str, int], dict[str, str]]:
    answers = {grade_id(cell): cell for cell in skeleton if is_answer(cell)}
    place_of: dict[str, int] = {}
    found: dict[str, str] = {}
    names: list[set[str]] = []
    spare: list[int] = []
    for place, cell in enumerate(theirs):  # of several, the last counts, as in nbgrader
        if (name := _claimed(cell)) in answers:
            place_of[name], found[name] = place, "id"
    for name, cell in answers.items():
        if name in place_of:
            continue
        names, spare = names or _names_of(theirs), spare or _spare(theirs, skeleton)
        free = [place for place in spare if place not in place_of.values()]
        place = _by_names(cell, names, free)
        how = "names"
        if place is None:
            place, how = _by_place(name, skeleton, theirs, free), "place"
        if place is not None:
            place_of[name], found[name] = place, how
    return place_of, found


def _spare(theirs: list[NotebookNode], skeleton: list[NotebookNode]) -> list[int]:
    """Where a cell stands that is none of ours: a prompt or a check is nobody's answer."""
    ours = {grade_id(cell) for cell in skeleton}
    return [
        place
        for place, cell in enumerate(theirs)
        if _claimed(cell) not in ours and not _is_text_of_ours(cell, skeleton)
    ]


def _claimed(cell: NotebookNode) -> str:
    name = label(cell).get("grade_id") or cell.get("id")
    return name if isinstance(name, str) else ""


def _names_of(cells: list[NotebookNode]) -> list[set[str]]:
    """The names each code cell defines; beyond MOST_CODE characters none are looked for."""
    found, room = [], MOST_CODE
    for cell in cells:
        room -= len(cell.source)
        look = cell.cell_type == "code" and room >= 0
        found.append(defined_names(cell.source) if look else set())
    return found


def _by_names(answer: NotebookNode, names: list[set[str]], free: list[int]) -> int | None:
    wanted = defined_names(answer.source) if answer.cell_type == "code" else set()
    places = [place for place in free if wanted & names[place]]
    return places[-1] if places else None


def _by_place(
    name: str, skeleton: list[NotebookNode], theirs: list[NotebookNode], free: list[int]
) -> int | None:
    """The cell behind the same prompt, if it is of the same kind."""
    spot = next(place for place, cell in enumerate(skeleton) if grade_id(cell) == name)
    if not spot:
        return None
    prompt = skeleton[spot - 1]
    for place in free:
        if place and theirs[place].cell_type == skeleton[spot].cell_type:
            before = theirs[place - 1]
            if (
                before.cell_type == prompt.cell_type
                and fuzz.ratio(before.source, prompt.source) >= ALIKE
            ):
                return place
    return None


def _is_text_of_ours(cell: NotebookNode, skeleton: list[NotebookNode]) -> bool:
    """Our own locked text or code without its label, as in a copy of the notebook."""
    text = cell.source.strip()
    return not text or any(
        is_ours(one) and (one.source.strip() == text or _same_check(one, text)) for one in skeleton
    )


def _same_check(ours: NotebookNode, text: str) -> bool:
    """A released check lacks its hidden part: compare what stands above it."""
    head = ours.source.split("### BEGIN HIDDEN TESTS")[0].strip()
    return is_check(ours) and bool(head) and text.startswith(head[:200])


def _plain(cell: NotebookNode, place: int) -> NotebookNode:
    """A learner's own cell: its text, nothing it claims."""
    new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    return new(cell.source, id=f"own-{place}")
