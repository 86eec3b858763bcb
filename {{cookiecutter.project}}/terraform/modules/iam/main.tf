# Accounts, one a job, and what may not be bound to something narrower than the project.

locals {
  accounts = {
    for name, account in google_service_account.this : name => account.email
  }
  custom_roles = {
    for name in keys(var.custom_roles) : name => "projects/${var.project_id}/roles/${name}"
  }
  roles = {
    for key, grant in var.project_grants : key => lookup(local.custom_roles, grant.role, grant.role)
  }
}

resource "google_service_account" "this" {
  for_each = var.accounts

  project      = var.project_id
  account_id   = each.key
  display_name = each.key
  description  = each.value
}

resource "google_project_iam_custom_role" "this" {
  for_each = var.custom_roles

  project     = var.project_id
  role_id     = each.key
  title       = each.value.title
  description = each.value.description
  permissions = each.value.permissions
}

resource "google_project_iam_member" "this" {
  for_each = var.project_grants

  project = var.project_id
  role    = local.roles[each.key]
  member  = coalesce(each.value.member, try("serviceAccount:${local.accounts[each.value.account]}", null))

  dynamic "condition" {
    for_each = each.value.condition[*]
    content {
      title       = condition.value.title
      description = each.value.reason
      expression  = condition.value.expression
    }
  }

  depends_on = [google_project_iam_custom_role.this]
}

# Who read or changed what; changes are always logged, reads only where that is asked for.
resource "google_project_iam_audit_config" "this" {
  for_each = var.audited_services

  project = var.project_id
  service = each.value

  dynamic "audit_log_config" {
    for_each = toset(["DATA_READ", "DATA_WRITE"])
    content {
      log_type = audit_log_config.value
    }
  }
}

resource "google_service_account_iam_member" "this" {
  for_each = var.account_grants

  service_account_id = google_service_account.this[each.value.on].name
  role               = each.value.role
  member             = coalesce(each.value.member, try("serviceAccount:${local.accounts[each.value.account]}", null))
}
