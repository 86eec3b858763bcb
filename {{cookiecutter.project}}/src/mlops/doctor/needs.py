"""What a project must have: services, permissions and service agents that the code needs."""

from __future__ import annotations

# terraform/modules/platform enables them; a test compares
SERVICES = (
    "aiplatform",
    "artifactregistry",
    "bigquery",
    "bigquerystorage",
    "cloudbuild",
    "cloudkms",
    "cloudquotas",
    "cloudresourcemanager",
    "cloudscheduler",
    "dlp",
    "eventarc",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "serviceusage",
    "storage",
    "workflows",
)

# what `mlops` does in a project, and the narrowest of Google's roles that allows it
PERMISSIONS = {
    "aiplatform.endpoints.list": "roles/aiplatform.user",
    "aiplatform.models.list": "roles/aiplatform.user",
    "aiplatform.pipelineJobs.create": "roles/aiplatform.user",
    "bigquery.jobs.create": "roles/bigquery.jobUser",
    "monitoring.timeSeries.list": "roles/monitoring.viewer",
    "storage.objects.create": "roles/storage.objectUser",
}

# Google's own accounts that act for a service: https://cloud.google.com/iam/docs/service-agents
SERVICE_AGENTS = {
    "aiplatform": "gcp-sa-aiplatform",
    "cloudbuild": "gcp-sa-cloudbuild",
    "dlp": "dlp-api",
    "eventarc": "gcp-sa-eventarc",
    "run": "serverless-robot-prod",
}

# metrics of Vertex AI's quotas: https://cloud.google.com/vertex-ai/docs/quotas
TRAINING_CPUS = "aiplatform.googleapis.com/custom_model_training_cpus"
SERVING_CPUS = "aiplatform.googleapis.com/custom_model_serving_cpus"
