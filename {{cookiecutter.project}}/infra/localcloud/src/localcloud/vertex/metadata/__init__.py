"""Vertex ML Metadata: artifacts, executions, contexts, their schemas and their lineage."""
