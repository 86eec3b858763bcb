output "grants" {
  description = "What is granted here, and why."
  value = merge(
    {
      for key, grant in var.grants : "bucket ${var.name} ${key}" => {
        member   = grant.member
        reason   = grant.reason
        resource = "bucket ${google_storage_bucket.this.name}"
        role     = grant.role
      }
    },
    {
      for key, grant in local.folder_grants : "folder ${var.name}/${key}" => {
        member   = grant.member
        reason   = grant.reason
        resource = "folder ${google_storage_bucket.this.name}/${grant.folder}"
        role     = grant.role
      }
    },
  )
}

output "name" {
  description = "Name of the bucket."
  value       = google_storage_bucket.this.name
}
