"""Roles that parts play for each other. Protocols only: no behaviour lives here."""
