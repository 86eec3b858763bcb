"""Measure a model on the test split, and decide whether it may be registered."""
