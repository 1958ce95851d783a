"""Controllers of the robots: from actions to controls, and from the engine to motion."""
