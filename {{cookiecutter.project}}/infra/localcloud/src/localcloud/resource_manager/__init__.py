"""Cloud Resource Manager, as far as clients ask it for a project's number."""
