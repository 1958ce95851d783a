"""Runs by name: functions that return the full settings."""
