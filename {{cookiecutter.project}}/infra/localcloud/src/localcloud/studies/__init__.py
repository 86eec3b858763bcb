"""Studies: search spaces, suggestions, measurements; for tuning jobs and for Vizier."""
