# A bucket that nobody outside can read, and that forgets what it must.

resource "google_storage_bucket" "this" {
  project  = var.project_id
  name     = var.name
  location = var.location
  labels   = var.labels

  force_destroy               = var.force_destroy
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  versioning {
    enabled = var.versioning
  }

  # Erasure is final: soft delete would keep what a person asked to be deleted.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  dynamic "lifecycle_rule" {
    for_each = var.delete_after_days
    content {
      action {
        type = "Delete"
      }
      condition {
        age            = lifecycle_rule.value
        matches_prefix = [lifecycle_rule.key]
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.versioning ? [var.delete_noncurrent_after_days] : []
    content {
      action {
        type = "Delete"
      }
      condition {
        days_since_noncurrent_time = lifecycle_rule.value
        with_state                 = "ARCHIVED"
      }
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  dynamic "logging" {
    for_each = var.log_bucket[*]
    content {
      log_bucket        = logging.value
      log_object_prefix = var.name
    }
  }
}

resource "google_storage_managed_folder" "this" {
  for_each = var.folders

  bucket        = google_storage_bucket.this.name
  name          = each.key
  force_destroy = var.force_destroy
}

locals {
  folder_grants = merge([
    for folder, grants in var.folders : {
      for key, grant in grants : "${folder} ${key}" => merge(grant, { folder = folder })
    }
  ]...)
}

resource "google_storage_managed_folder_iam_member" "this" {
  for_each = local.folder_grants

  bucket         = google_storage_bucket.this.name
  managed_folder = google_storage_managed_folder.this[each.value.folder].name
  role           = each.value.role
  member         = each.value.member
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = var.grants

  bucket = google_storage_bucket.this.name
  role   = each.value.role
  member = each.value.member
}
