"""Physics: batched stepping, cameras, pictures, kinematics and filters."""
