"""Read by every nbgrader program of the environment that this project is installed in."""

from autograder.settings import show_safely

show_safely(get_config())  # noqa: F821 - given by traitlets
