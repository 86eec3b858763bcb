output "attachment" {
  description = "Full name of the attachment, for the Private Service Connect interfaces of Vertex AI."
  value       = "projects/${var.project_id}/regions/${var.region}/networkAttachments/${google_compute_network_attachment.vertex.name}"
}

output "network" {
  description = "Full name of the network."
  value       = google_compute_network.this.id
}

output "subnetwork" {
  description = "Full name of the subnetwork."
  value       = google_compute_subnetwork.this.id
}
