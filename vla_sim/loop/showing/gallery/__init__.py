"""The gallery: every task with a picture, its words and what its expert scores, from the code."""
