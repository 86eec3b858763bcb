"""Trains tabular models by a search over scikit-learn's, and serves them as Vertex AI does.

It runs in the image's own environment and shares nothing with localcloud but files and HTTP.
"""
