"""Jobs that run by themselves: custom jobs, tuning, training pipelines, batch prediction."""
