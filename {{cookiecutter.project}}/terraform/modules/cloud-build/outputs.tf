output "connect" {
  description = "What a person does once, because GitHub asks a person."
  value       = "https://github.com/apps/google-cloud-build/installations/new"
}

output "grants" {
  description = "What is granted here, and why."
  value = {
    "secret ${var.github.token_secret} cloud-build reads" = {
      member   = google_secret_manager_secret_iam_member.this.member
      reason   = "Cloud Build clones the repository and reports to it with this token."
      resource = "secret ${var.github.token_secret}"
      role     = google_secret_manager_secret_iam_member.this.role
    }
  }
}

output "triggers" {
  description = "Names of the triggers."
  value       = sort(keys(google_cloudbuild_trigger.this))
}
