"""Tests of what is common to all services when things go wrong."""
