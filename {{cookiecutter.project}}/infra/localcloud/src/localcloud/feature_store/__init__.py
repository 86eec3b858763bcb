"""Feature Store: features in BigQuery, synced into rows that are served online."""
