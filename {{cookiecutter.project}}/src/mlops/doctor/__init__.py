"""Checks of a project before its first use; each finding names the command that fixes it."""
