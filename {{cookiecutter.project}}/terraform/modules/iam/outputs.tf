output "accounts" {
  description = "E-mail address of each account, by its id."
  value       = local.accounts
}

output "custom_roles" {
  description = "Full name of each custom role, by its id."
  value       = local.custom_roles
  depends_on  = [google_project_iam_custom_role.this]
}

output "grants" {
  description = "What is granted here, and why."
  value = merge(
    {
      for key, grant in var.project_grants : "project ${key}" => {
        member   = google_project_iam_member.this[key].member
        reason   = grant.reason
        resource = "project"
        role     = local.roles[key]
      }
    },
    {
      for key, grant in var.account_grants : "account ${key}" => {
        member   = google_service_account_iam_member.this[key].member
        reason   = grant.reason
        resource = "account ${grant.on}"
        role     = grant.role
      }
    },
  )
}
