"""Artifact Registry's repositories of compiled pipelines, as KFP's own client uses them."""
