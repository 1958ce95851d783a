"""Supervision: what one modality teaches another, and what a controller teaches both."""
