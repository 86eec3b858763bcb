"""Service Usage: which of Google's services a project has enabled."""
