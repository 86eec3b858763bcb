"""Logging requests and responses of endpoints into BigQuery."""
