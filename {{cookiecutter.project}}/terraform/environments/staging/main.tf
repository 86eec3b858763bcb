# Where a release is proven before prod: as prod, smaller.
module "platform" {
  source = "../../modules/platform"

  alert_emails        = var.alert_emails
  builds              = false
  callers             = var.callers
  cmek                = true
  deletion_protection = false
  environment         = "staging"
  monitoring_schedule = { paused = true }
  name                = var.name
  privacy             = { wrapped_key = var.wrapped_key }
  project_id          = var.project_id
  region              = var.region
  release_schedule    = { paused = true }
  retention           = { findings_days = 30, predictions_days = 7, replaced_objects_days = 7, requests_days = 7 }
  runbook             = var.runbook

  billing = var.billing_account == null ? null : { account = var.billing_account, amount = 500 }

  cloud_build = var.github == null ? null : {
    github = var.github
    triggers = {
      apply-staging = {
        account       = "ci-apply"
        approval      = false
        description   = "Applies Terraform here, then has a release delivered, to be proven."
        filename      = "cloudbuild/apply.yaml"
        manual        = true
        substitutions = { _ENVIRONMENT = "staging" }
      }
      deploy-staging = {
        account     = "ci-deploy"
        approval    = false
        description = "Brings a release here, to be proven."
        filename    = "cloudbuild/deploy.yaml"
        manual      = true
        substitutions = {
          _ENVIRONMENT = "staging"
          _PIPELINES   = "https://${var.region}-kfp.pkg.dev/${var.source_project_id}/pipelines"
          _RELEASES    = "${var.source_project_id}-mlops"
          _SOURCE      = "${var.region}-docker.pkg.dev/${var.source_project_id}/mlops"
        }
      }
    }
  }
}
