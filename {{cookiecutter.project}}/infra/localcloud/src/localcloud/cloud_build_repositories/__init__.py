"""Cloud Build's connections to where code is kept."""
