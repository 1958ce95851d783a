"""Aligning: simulators teach, the trainer learns, one score decides."""
