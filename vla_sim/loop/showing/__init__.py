"""Showing: films, sheets, the gallery and the report."""
