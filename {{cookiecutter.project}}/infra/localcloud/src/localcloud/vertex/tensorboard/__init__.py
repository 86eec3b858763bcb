"""Vertex AI TensorBoard: experiments, runs, time series and their data points."""
