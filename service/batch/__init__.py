"""Many answers: read from files, planned as a run, graded in chunks, and written as lines of output."""
