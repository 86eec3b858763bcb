# Where a release is proven before prod: as prod, smaller.
module "platform" {
  source = "../../modules/platform"

  alert_emails        = var.alert_emails
  callers             = var.callers
  cmek                = true
  deletion_protection = false
  environment         = "staging"
  name                = var.name
  privacy             = { wrapped_key = var.wrapped_key }
  project_id          = var.project_id
  promoted_to         = var.promoted_to
  region              = var.region
  retention           = { findings_days = 30, predictions_days = 7, replaced_objects_days = 7, requests_days = 7 }
  runbook             = var.runbook
  schedules           = { enabled = false }

  billing = var.billing_account == null ? null : { account = var.billing_account, amount = 500 }

  cloud_build = var.github == null ? null : {
    github = var.github
    triggers = {
      candidate = {
        description = "Proves a candidate, v1.2.3-rc1, with what dev has built."
        tag         = "^v[0-9]+\\.[0-9]+\\.[0-9]+-rc[0-9]+$"
      }
    }
  }
}
