"""The command line: names a verb and a recipe, nothing more."""
