"""What the product costs: a month of doing nothing, and a run of each pipeline."""
