"""One feedback page, from plain facts to HTML."""

from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from autograder.marking.verdict import SYMBOLS

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Check:
    """One check: what it asks, what it earned, how it came out, what may be said of it.

    `task` is the id of the answer cell it follows, if there is one."""

    id: str
    task: str | None
    name: str
    points: float
    max_points: float
    outcome: str
    sentences: list[str]

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.outcome]


@dataclass(frozen=True)
class Answer:
    """One answer cell; `html` is safe already. Marks only where a reader gives them."""

    label: str
    html: str
    points: float | None = None
    max_points: float = 0.0
    written: bool = False
    comment: str | None = None


@dataclass(frozen=True)
class Page:
    """All that a learner is told about one notebook, or why it was not graded."""

    title: str
    learner: str
    automatic: float | None
    automatic_max: float
    written: float | None
    written_max: float
    late_seconds: int = 0
    reason: str | None = None
    checks: list[Check] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def late(self) -> str | None:
        return duration(self.late_seconds) if self.late_seconds else None


def render(page: Page) -> str:
    """The page as one HTML document that fetches nothing and runs nothing."""
    return _TEMPLATES.get_template("page.html.j2").render(page=page)


def duration(seconds: int) -> str:
    """`2 days 3 hours`: the two largest units that are not zero."""
    parts = []
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(parts[:2])


def number(value: float) -> str:
    """A mark without needless zeros."""
    return f"{round(value, 2):g}"


_TEMPLATES.filters["number"] = number
