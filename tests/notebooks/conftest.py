"""The instructor's notebooks, one test run each."""

from functools import cache

import nbformat
import pytest
from nbformat import NotebookNode

from course import syllabus
from course.syllabus import Module


@cache
def read(module: str) -> NotebookNode:
    return nbformat.read(syllabus.module(module).notebook, as_version=4)


@pytest.fixture(params=[module.id for module in syllabus.modules()])
def module(request) -> Module:
    """Each module of the syllabus in turn."""
    return syllabus.module(request.param)


@pytest.fixture
def nb(module) -> NotebookNode:
    """Its instructor's notebook; not to be changed."""
    return read(module.id)
