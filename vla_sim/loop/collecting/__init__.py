"""Collecting: labelled episodes as datasets on disk."""
