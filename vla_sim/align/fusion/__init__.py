"""Fusion: picture and words of one moment into one state."""
