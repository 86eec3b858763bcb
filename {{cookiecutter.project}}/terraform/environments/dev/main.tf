# Where changes are tried: cheap, forgetful, and quick to take down and up again.
module "platform" {
  source = "../../modules/platform"

  alert_emails        = var.alert_emails
  callers             = var.callers
  deletion_protection = false
  environment         = "dev"
  monitoring_schedule = { paused = true }
  name                = var.name
  privacy             = { paused = true, wrapped_key = var.wrapped_key }
  project_id          = var.project_id
  promoted_to         = var.promoted_to
  region              = var.region
  release_schedule    = { paused = true }
  retention           = { findings_days = 30, predictions_days = 7, replaced_objects_days = 1, requests_days = 7 }
  runbook             = var.runbook
  scan_images         = false

  billing = var.billing_account == null ? null : { account = var.billing_account, amount = 200 }

  cloud_build = var.github == null ? null : {
    github = var.github
    triggers = {
      apply-dev = {
        account       = "ci-apply"
        description   = "Applies Terraform here, then has the release delivered; the build of main starts it."
        filename      = "cloudbuild/apply.yaml"
        manual        = true
        substitutions = { _ENVIRONMENT = "dev" }
      }
      deploy-dev = {
        account     = "ci-deploy"
        description = "Brings a release here, after Terraform."
        filename    = "cloudbuild/deploy.yaml"
        manual      = true
        # nobody calls dev's endpoint enough for a canary
        substitutions = { _ENVIRONMENT = "dev", _ROLLOUT = "at-once" }
      }
      main = {
        account     = "ci-build"
        branch      = "^main$"
        description = "Tests and builds what was merged, and has it delivered here."
      }
      pull-request = {
        account      = "ci-check"
        description  = "Tests what is proposed; changes nothing."
        filename     = "cloudbuild/pull-request.yaml"
        pull_request = "^main$"
      }
    }
  }
}
