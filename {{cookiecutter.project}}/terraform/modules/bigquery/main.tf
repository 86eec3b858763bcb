# A dataset, its tables, and how long they remember.

resource "google_bigquery_dataset" "this" {
  project     = var.project_id
  dataset_id  = var.dataset_id
  description = var.description
  location    = var.location
  labels      = var.labels

  default_partition_expiration_ms = var.partition_expiration_days == null ? null : var.partition_expiration_days * 24 * 60 * 60 * 1000
  default_table_expiration_ms     = var.table_expiration_days == null ? null : var.table_expiration_days * 24 * 60 * 60 * 1000
  delete_contents_on_destroy      = var.delete_contents_on_destroy
  # What is deleted can be queried for as long; 48 hours is the least that BigQuery allows.
  max_time_travel_hours = var.time_travel_hours

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
}

resource "google_bigquery_table" "this" {
  for_each = var.tables

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  description         = each.value.description
  labels              = var.labels
  clustering          = each.value.clustering
  deletion_protection = !var.delete_contents_on_destroy
  schema              = jsonencode(each.value.schema)

  dynamic "time_partitioning" {
    for_each = each.value.partition_by[*]
    content {
      type          = "DAY"
      field         = time_partitioning.value
      expiration_ms = var.partition_expiration_days == null ? null : var.partition_expiration_days * 24 * 60 * 60 * 1000
    }
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = encryption_configuration.value
    }
  }
}

resource "google_bigquery_dataset_iam_member" "this" {
  for_each = var.grants

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = each.value.role
  member     = each.value.member
}
