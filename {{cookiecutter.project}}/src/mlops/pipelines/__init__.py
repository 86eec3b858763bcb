"""The pipelines, and how they are compiled and run on Vertex AI Pipelines."""
