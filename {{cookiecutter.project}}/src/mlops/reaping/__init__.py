"""Removing what serves nobody: idle endpoints, and old versions of the model."""
