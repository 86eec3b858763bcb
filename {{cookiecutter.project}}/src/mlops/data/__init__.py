"""Read the data from BigQuery, split it, and validate it."""
