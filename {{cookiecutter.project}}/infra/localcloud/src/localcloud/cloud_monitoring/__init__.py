"""Cloud Monitoring: metric descriptors and time series."""
