"""Deployed models: processes that keep Vertex's contract for custom prediction containers."""
