"""Feature attributions: how much each feature of an instance contributes to its prediction."""
