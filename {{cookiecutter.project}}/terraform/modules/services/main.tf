# The services that the product calls, and the agents through which they act in the project.

locals {
  # what follows service-PROJECT_NUMBER@ in the name of a service's own account
  agent_domains = {
    "aiplatform.googleapis.com"       = "gcp-sa-aiplatform.iam.gserviceaccount.com"
    "artifactregistry.googleapis.com" = "gcp-sa-artifactregistry.iam.gserviceaccount.com"
    "cloudbuild.googleapis.com"       = "gcp-sa-cloudbuild.iam.gserviceaccount.com"
    "dlp.googleapis.com"              = "dlp-api.iam.gserviceaccount.com"
    "eventarc.googleapis.com"         = "gcp-sa-eventarc.iam.gserviceaccount.com"
    "monitoring.googleapis.com"       = "gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    "pubsub.googleapis.com"           = "gcp-sa-pubsub.iam.gserviceaccount.com"
    "run.googleapis.com"              = "serverless-robot-prod.iam.gserviceaccount.com"
    "storage.googleapis.com"          = "gs-project-accounts.iam.gserviceaccount.com"
  }
  agents = {
    for service in var.services : service => "service-${data.google_project.this.number}@${local.agent_domains[service]}"
    if contains(keys(local.agent_domains), service)
  }
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_project_service" "this" {
  for_each = var.services

  project = var.project_id
  service = each.value
  # another team may use the service as well
  disable_on_destroy = false
}

# Google makes an agent when it is first needed; a grant to one that is not there yet is refused.
resource "google_project_service_identity" "this" {
  for_each = setintersection(var.services, keys(local.agent_domains))
  provider = google-beta

  project = var.project_id
  service = google_project_service.this[each.value].service
}
