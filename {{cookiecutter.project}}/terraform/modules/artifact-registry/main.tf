# A repository of images or of compiled pipelines.

resource "google_artifact_registry_repository" "this" {
  project       = var.project_id
  location      = var.location
  repository_id = var.name
  description   = var.description
  format        = var.format
  kms_key_name  = var.kms_key
  labels        = var.labels

  # What was released under a tag stays what it was.
  dynamic "docker_config" {
    for_each = var.format == "DOCKER" ? [true] : []
    content {
      immutable_tags = var.immutable_tags
    }
  }

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = var.keep_count
    }
  }

  cleanup_policies {
    id     = "delete-the-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "${var.delete_untagged_after_days * 24 * 60 * 60}s"
    }
  }

  dynamic "vulnerability_scanning_config" {
    for_each = var.format == "DOCKER" ? [true] : []
    content {
      enablement_config = var.scan ? "INHERITED" : "DISABLED"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "this" {
  for_each = var.grants

  project    = var.project_id
  location   = var.location
  repository = google_artifact_registry_repository.this.repository_id
  role       = each.value.role
  member     = each.value.member
}
