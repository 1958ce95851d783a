"""Teachers: pure functions of the privileged state."""
