"""The shield: what leaves it keeps the body within its limits, whoever acts."""
