"""Health: what an aligned space looks like from inside, beside what it can do."""
