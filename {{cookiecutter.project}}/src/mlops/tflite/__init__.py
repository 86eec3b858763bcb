"""The network as a quantised TensorFlow Lite file, for devices."""
