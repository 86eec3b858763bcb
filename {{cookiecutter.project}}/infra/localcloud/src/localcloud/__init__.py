"""A local Vertex AI, Cloud Storage and BigQuery for the unmodified Google client libraries."""
