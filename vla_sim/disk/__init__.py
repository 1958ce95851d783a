"""Disk: files appear whole or not at all, and one process at a time writes a folder."""
