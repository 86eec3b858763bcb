"""Transform the data and train the model."""
