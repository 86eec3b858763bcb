# Drift leads to a message, the message to a run of the retraining job.
#
# Eventarc cannot start a Cloud Run job, and Pub/Sub cannot call Google's APIs with the token that
# they want; a workflow of one step does.

resource "google_pubsub_topic" "this" {
  project                    = var.project_id
  name                       = var.name
  kms_key_name               = var.kms_key
  labels                     = var.labels
  message_retention_duration = "${7 * 24 * 60 * 60}s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = var.grants

  project = var.project_id
  topic   = google_pubsub_topic.this.name
  role    = each.value.role
  member  = each.value.member
}

resource "google_workflows_workflow" "this" {
  project             = var.project_id
  region              = var.region
  name                = var.name
  description         = "Starts the Cloud Run job ${var.job}."
  labels              = var.labels
  crypto_key_name     = var.kms_key
  deletion_protection = var.deletion_protection
  service_account     = var.service_account
  call_log_level      = "LOG_ERRORS_ONLY"

  source_contents = yamlencode({
    main = {
      params = ["event"]
      steps = [{
        start = {
          call = "googleapis.run.v2.projects.locations.jobs.run"
          args = {
            name             = "projects/${var.project_id}/locations/${var.region}/jobs/${var.job}"
            connector_params = { skip_polling = true }
          }
        }
      }]
    }
  })
}

resource "google_eventarc_trigger" "this" {
  project         = var.project_id
  location        = var.region
  name            = var.name
  labels          = var.labels
  service_account = var.service_account

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }

  transport {
    pubsub {
      topic = google_pubsub_topic.this.id
    }
  }

  destination {
    workflow = google_workflows_workflow.this.id
  }
}
