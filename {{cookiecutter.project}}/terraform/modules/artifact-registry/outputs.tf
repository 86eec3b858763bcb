output "address" {
  description = "What images or pipelines of the repository begin with."
  value       = "${var.location}-${lower(var.format)}.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
}

output "grants" {
  description = "What is granted here, and why."
  value = {
    for key, grant in var.grants : "repository ${var.name} ${key}" => {
      member   = grant.member
      reason   = grant.reason
      resource = "repository ${google_artifact_registry_repository.this.repository_id}"
      role     = grant.role
    }
  }
}

output "name" {
  description = "Name of the repository."
  value       = google_artifact_registry_repository.this.repository_id
}
