# Where users are: a key and a network of one's own, nothing with data in it can be destroyed, and a
# person approves each release.
module "platform" {
  source = "../../modules/platform"

  alert_emails          = var.alert_emails
  audit_data_access     = true
  builds                = false
  callers               = var.callers
  cmek                  = true
  deletion_protection   = true
  environment           = "prod"
  name                  = var.name
  network               = {}
  privacy               = { discovery = true, wrapped_key = var.wrapped_key }
  project_id            = var.project_id
  region                = var.region
  request_sampling_rate = 0.1
  retention             = { findings_days = 90, predictions_days = 30, replaced_objects_days = 7, requests_days = 30 }
  retrain_on_drift      = true
  runbook               = var.runbook

  billing = var.billing_account == null ? null : { account = var.billing_account, amount = 2000 }

  cloud_build = var.github == null ? null : {
    github = var.github
    triggers = {
      apply-prod = {
        account       = "ci-apply"
        approval      = true
        description   = "Applies Terraform where users are, once someone has approved, then asks for the delivery."
        filename      = "cloudbuild/apply.yaml"
        manual        = true
        substitutions = { _ENVIRONMENT = "prod" }
      }
      deploy-prod = {
        account     = "ci-deploy"
        approval    = true
        description = "Brings a release to users, once someone has approved."
        filename    = "cloudbuild/deploy.yaml"
        manual      = true
        substitutions = {
          _ENVIRONMENT = "prod"
          _PIPELINES   = "https://${var.region}-kfp.pkg.dev/${var.source_project_id}/pipelines"
          _RELEASES    = "${var.source_project_id}-mlops"
          _SOURCE      = "${var.region}-docker.pkg.dev/${var.source_project_id}/mlops"
        }
      }
    }
  }
}
