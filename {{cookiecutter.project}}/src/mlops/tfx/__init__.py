"""The training pipeline in TFX: of TFX's own components, for Vertex AI Pipelines or one process."""
