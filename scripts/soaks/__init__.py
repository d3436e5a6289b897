"""Long checks with real processes, run by hand."""
