"""The prediction container: Vertex AI's custom-container contract around a SavedModel."""
