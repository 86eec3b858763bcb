"""Cloud Build on this machine: build files are checked, and their steps played in order."""
