"""Will this fail, and do the words fit the scene? Detectors, from numbers alone."""
