"""The files of `deploy/` against schemas that nobody here wrote, and against the code that they start."""
