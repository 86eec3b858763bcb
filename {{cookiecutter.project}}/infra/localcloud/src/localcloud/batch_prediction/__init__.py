"""Batch prediction: rows from Cloud Storage or BigQuery, through a model, and back."""
