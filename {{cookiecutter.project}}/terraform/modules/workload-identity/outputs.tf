output "grants" {
  description = "What is granted here, and why."
  value = {
    "account ${var.service_account} github acts" = {
      member   = google_service_account_iam_member.this.member
      reason   = "Workflows of ${var.repository} act as this account, without a key."
      resource = "account ${split("@", var.service_account)[0]}"
      role     = google_service_account_iam_member.this.role
    }
  }
}

output "provider" {
  description = "Full name of the provider, for GitHub's action google-github-actions/auth."
  value       = "projects/${var.project_number}/locations/global/workloadIdentityPools/${google_iam_workload_identity_pool.this.workload_identity_pool_id}/providers/${google_iam_workload_identity_pool_provider.github.workload_identity_pool_provider_id}"
}
