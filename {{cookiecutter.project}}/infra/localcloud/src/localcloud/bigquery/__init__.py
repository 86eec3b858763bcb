"""The local BigQuery: bqemulator as a child process, and what it takes to look like Google's."""
