"""What the deployed models are asked: its monitoring, and when a new model is trained."""
