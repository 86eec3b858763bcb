"""Cloud Logging: log entries that are written, and those of jobs, tasks and deployed models."""
