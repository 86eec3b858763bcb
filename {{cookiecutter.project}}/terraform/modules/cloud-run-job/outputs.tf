output "grants" {
  description = "What is granted here, and why."
  value = {
    for key, grant in var.grants : "job ${var.name} ${key}" => {
      member   = grant.member
      reason   = grant.reason
      resource = "job ${google_cloud_run_v2_job.this.name}"
      role     = grant.role
    }
  }
}

output "name" {
  description = "Name of the job."
  value       = google_cloud_run_v2_job.this.name
}
