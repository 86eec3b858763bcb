# A job that runs a command of an image, by hand or by a schedule.

resource "google_cloud_run_v2_job" "this" {
  project             = var.project_id
  location            = var.region
  name                = var.name
  labels              = var.labels
  deletion_protection = var.deletion_protection

  template {
    task_count = 1

    template {
      service_account = var.service_account
      max_retries     = var.max_retries
      timeout         = "${var.timeout_minutes * 60}s"
      encryption_key  = var.kms_key

      containers {
        image = var.image
        args  = var.args

        dynamic "env" {
          for_each = var.environment
          content {
            name  = env.key
            value = env.value
          }
        }

        resources {
          limits = { cpu = var.cpu, memory = var.memory }
        }
      }

      dynamic "vpc_access" {
        for_each = var.subnetwork[*]
        content {
          egress = "ALL_TRAFFIC"
          network_interfaces {
            subnetwork = vpc_access.value
          }
        }
      }
    }
  }

  # Delivery puts the image there, by its digest.
  lifecycle {
    ignore_changes = [client, client_version, template[0].template[0].containers[0].image]
  }
}

resource "google_cloud_run_v2_job_iam_member" "this" {
  for_each = var.grants

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.this.name
  role     = each.value.role
  member   = each.value.member
}

resource "google_cloud_scheduler_job" "this" {
  count = var.schedule == null ? 0 : 1

  project          = var.project_id
  region           = var.region
  name             = var.name
  description      = "Starts the Cloud Run job ${var.name}."
  schedule         = var.schedule.cron
  time_zone        = var.schedule.time_zone
  paused           = var.schedule.paused
  attempt_deadline = "60s"

  retry_config {
    retry_count = 1
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${google_cloud_run_v2_job.this.name}:run"
    oauth_token {
      service_account_email = var.schedule.service_account
    }
  }
}
