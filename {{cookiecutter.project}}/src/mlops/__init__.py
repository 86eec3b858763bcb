"""Train, evaluate, release, watch and govern a model on Vertex AI."""
