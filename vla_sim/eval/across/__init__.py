"""Numbers that take several episodes: one pure function a file; `ACROSS` lists them."""
