"""Managed datasets: where their data is, what is imported into them, and how it is split."""
