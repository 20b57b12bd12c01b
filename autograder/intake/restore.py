"""Put a submission's cell metadata back to what the gradebook says they are."""

from nbformat import NotebookNode
from nbgrader.api import Notebook as GradebookNotebook

from autograder.intake.rebuild import is_for_self_study


def labels(notebook: GradebookNotebook) -> dict[str, dict]:
    """nbgrader's metadata by grade id, as they were when the module was released."""
    graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
    tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    known = {}
    for cell in notebook.source_cells:
        known[cell.name] = {
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
            "grade": cell.name in graded,
            "grade_id": cell.name,
            "locked": cell.locked,
            "schema_version": 3,
            "solution": cell.name in solutions,
            "task": cell.name in tasks,
        }
        if points := {**graded, **tasks}.get(cell.name):
            known[cell.name]["points"] = points
        elif cell.name in graded:
            known[cell.name]["points"] = 0.0
    return known


def restored(nb: NotebookNode, known: dict[str, dict]) -> NotebookNode:
    """`nb` with the labels in `known`, without the cells of the self-study edition."""
    nb.cells = [cell for cell in nb.cells if not is_for_self_study(cell)]
    waiting = dict(known)
    for cell in reversed(nb.cells):
        claimed = cell.metadata.pop("nbgrader", None)
        grade_id = claimed.get("grade_id") if isinstance(claimed, dict) else None
        if isinstance(grade_id, str) and grade_id in waiting:
            cell.metadata["nbgrader"] = NotebookNode(waiting.pop(grade_id))
    return nb
