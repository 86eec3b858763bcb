output "endpoint" {
  description = "Full name of the endpoint."
  value       = "projects/${var.project_id}/locations/${var.region}/endpoints/${google_vertex_ai_endpoint.this.name}"
}

output "endpoint_id" {
  description = "Id of the endpoint."
  value       = google_vertex_ai_endpoint.this.name
}

output "grants" {
  description = "What is granted here, and why."
  value = {
    for key, grant in var.grants : "endpoint ${key}" => {
      member   = grant.member
      reason   = grant.reason
      resource = "endpoint ${google_vertex_ai_endpoint.this.display_name}"
      role     = grant.role
    }
  }
}

output "tensorboard" {
  description = "Full name of the TensorBoard."
  value       = google_vertex_ai_tensorboard.this.id
}
