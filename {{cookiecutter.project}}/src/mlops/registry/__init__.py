"""The Vertex AI Model Registry: versions and their aliases."""
