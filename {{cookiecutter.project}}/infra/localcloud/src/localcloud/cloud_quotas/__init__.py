"""Cloud Quotas: how much a project may use at once."""
