"""What a learner's notebook imports, and the facts about the course."""

from course.data import card, load

__all__ = ["card", "load"]
