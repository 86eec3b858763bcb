"""Programs that stand for those of builder images which this machine may lack."""
