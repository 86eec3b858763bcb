"""Vertex AI: one module a service, one function an RPC."""
