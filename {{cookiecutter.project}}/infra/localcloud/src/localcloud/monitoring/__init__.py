"""Model monitoring: compares what deployed models are asked with what they were trained on."""
