"""Towers: pictures, sentences and actions into features."""
