"""Checks run outside the learner's process; values cross between the two as plain data."""
