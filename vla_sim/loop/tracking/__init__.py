"""Trackers: numbers of a run, sent to where others of the user's are."""
