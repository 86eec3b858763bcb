output "dataset_id" {
  description = "Name of the dataset."
  value       = google_bigquery_dataset.this.dataset_id
}

output "grants" {
  description = "What is granted here, and why."
  value = {
    for key, grant in var.grants : "dataset ${var.dataset_id} ${key}" => {
      member   = grant.member
      reason   = grant.reason
      resource = "dataset ${google_bigquery_dataset.this.dataset_id}"
      role     = grant.role
    }
  }
}

output "tables" {
  description = "Full name of each table, PROJECT.DATASET.TABLE, by its name."
  value = {
    for name, table in google_bigquery_table.this : name => "${var.project_id}.${table.dataset_id}.${table.table_id}"
  }
}
