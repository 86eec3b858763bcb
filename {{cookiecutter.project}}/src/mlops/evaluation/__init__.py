"""Measure a model on the test split, overall and by slice, and decide whether it may be released."""
