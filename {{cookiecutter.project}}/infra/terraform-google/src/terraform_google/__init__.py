"""A stand-in for Terraform's Google providers: plans and applies into Terraform's own state."""
