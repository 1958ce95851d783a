"""Triples: rows of (V, L, A), cut from episodes, kept in memory and on disk."""
