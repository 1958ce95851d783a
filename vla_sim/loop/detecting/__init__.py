"""Watching a policy: what its own vectors say of how it will end."""
