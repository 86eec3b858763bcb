"""Bring registered model versions to the users of an endpoint."""
