"""nbgrader's own converters, run in this process with their reasons kept."""

import logging
from typing import Any

from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.classroom import Course, Problem, expect_nbgrader_warnings


def run(
    kind: type[BaseConverter], course: Course, module: str, learner: str = "*", **options: Any
) -> None:
    """Run a converter over one module (of one learner).

    nbgrader logs what went wrong and then says only that something did; here the first
    exception comes through as it was raised, or Problem with nbgrader's last words."""
    log, words = logging.Logger(kind.__name__), _Words()
    log.addHandler(words)
    coursedir = CourseDirectory(
        config=course.config, assignment_id=module, student_id=learner, log=log
    )
    # A logger of its own: a learner alone runs this inside a kernel, which shows all logs.
    converter = kind(coursedir=coursedir, config=course.config, log=log, **options)
    raised: list[BaseException] = []

    def watched(step):
        def call(*args):
            try:
                return step(*args)
            except Exception as error:
                raised.append(error)
                raise

        return call

    for name in ("init_assignment", "convert_single_notebook"):
        setattr(converter, name, watched(getattr(converter, name)))

    expect_nbgrader_warnings()
    try:
        converter.start()
    except NbGraderException:
        reason = next((e for e in raised if not isinstance(e, NbGraderException)), None)
        if reason is not None:
            raise reason from None
        raise Problem(words.said[0]) from None


class _Words(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
