"""Reinforcement learning from the aligned encoder."""
