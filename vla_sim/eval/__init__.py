"""Evaluation: from episodes and embeddings to numbers that can be defended.

No simulator and no learning framework here: what goes in is an `Episode` or an array.
"""
