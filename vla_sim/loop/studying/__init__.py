"""Studying: arms of one recipe over training seeds, and the page that compares them."""
