"""Benching: policies and engines under a protocol."""
