"""A load test of the prediction server, with a gate; run by `make load-test`."""
