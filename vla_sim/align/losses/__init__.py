"""Losses: pure functions from numbers to a number, one idea a file."""
