"""Doing things at their times: cron expressions, schedules and the thread that follows them."""
