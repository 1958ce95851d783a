"""Environments: the crank, tasks, language, violations, rollout, and Gymnasium's two faces."""
