"""Predict the rows of a table with the champion: BigQuery in, BigQuery and files out."""
