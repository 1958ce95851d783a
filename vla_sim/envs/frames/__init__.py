"""Frames that tasks share: a task adds things and what is wanted of them."""
