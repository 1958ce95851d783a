"""Frozen data that travels between rooms. No logic beyond validation; imports numpy only."""
