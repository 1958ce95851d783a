"""Negatives: what a query is to be told apart from, and how much each counts."""
