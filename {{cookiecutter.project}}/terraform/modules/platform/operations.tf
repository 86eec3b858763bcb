# What runs by itself, who is told, and what it may cost.

locals {
  invokers = {
    "scheduler starts" = {
      member = local.members["scheduler"]
      reason = "The clock or a message starts the job."
      role   = "roles/run.invoker"
    }
    "ci-deploy delivers" = {
      member = local.members["ci-deploy"]
      reason = "Delivery puts the new image there."
      role   = "roles/run.developer"
    }
  }
}

module "release_controller" {
  source = "../cloud-run-job"

  args                = ["release", "control"]
  deletion_protection = var.deletion_protection
  environment         = { MLOPS_ENVIRONMENT = var.environment }
  grants              = local.invokers
  kms_key             = local.key
  labels              = local.labels
  name                = "release-controller"
  project_id          = var.project_id
  region              = var.region
  service_account     = module.iam.accounts["release-controller"]
  subnetwork          = one(module.network[*].subnetwork)
  timeout_minutes     = 24 * 60
  # The endpoint is the state: a controller that was killed goes on where it was.
  schedule = {
    cron            = var.release_schedule.cron
    paused          = var.release_schedule.paused
    service_account = module.iam.accounts["scheduler"]
  }
}

# Looks at what answers, by the clock and when an alert on drift asks for it, and has the pipeline that was delivered last
# train a new model once it is due. Training by the clock is declared in config/, as a schedule of Vertex AI.
module "retraining_job" {
  source = "../cloud-run-job"

  args                = ["monitor", "evaluate", "--release", "gs://${local.bucket}/releases/delivered"]
  deletion_protection = var.deletion_protection
  environment         = { MLOPS_ENVIRONMENT = var.environment }
  grants              = local.invokers
  kms_key             = local.key
  labels              = local.labels
  max_retries         = 0
  name                = "retraining"
  project_id          = var.project_id
  region              = var.region
  service_account     = module.iam.accounts["monitoring"]
  subnetwork          = one(module.network[*].subnetwork)
  timeout_minutes     = 12 * 60
  # What was asked for is noted in the bucket: looking more often asks for no second model.
  schedule = {
    cron            = var.monitoring_schedule.cron
    paused          = var.monitoring_schedule.paused
    service_account = module.iam.accounts["scheduler"]
  }
}

module "retraining" {
  source = "../retraining"

  deletion_protection = var.deletion_protection
  job                 = module.retraining_job.name
  kms_key             = local.key
  labels              = local.labels
  project_id          = var.project_id
  region              = var.region
  service_account     = module.iam.accounts["scheduler"]
  grants = {
    "alerts ask" = {
      member = local.agents["monitoring.googleapis.com"]
      reason = "An alert on drift asks whether a new model is due."
      role   = "roles/pubsub.publisher"
    }
  }
}

module "monitoring" {
  source = "../monitoring"

  emails           = var.alert_emails
  endpoint_id      = module.vertex.endpoint_id
  labels           = local.labels
  name             = "${var.name} ${var.environment}"
  project_id       = var.project_id
  retrain_on_drift = var.retrain_on_drift
  retraining_topic = module.retraining.topic
  runbook          = var.runbook
  thresholds       = var.alert_thresholds
}

module "cloud_build" {
  source = "../cloud-build"
  count  = var.cloud_build == null ? 0 : 1

  cloud_build_agent = module.services.agents["cloudbuild.googleapis.com"]
  github            = var.cloud_build.github
  name              = var.name
  project_id        = var.project_id
  region            = var.region
  triggers = {
    for name, trigger in var.cloud_build.triggers : name => merge(trigger, {
      service_account = module.iam.accounts[trigger.account]
    })
  }
}

module "workload_identity" {
  source = "../workload-identity"
  count  = var.workload_identity == null ? 0 : 1

  name            = "github"
  project_id      = var.project_id
  project_number  = module.services.project_number
  ref             = var.workload_identity.ref
  repository      = var.workload_identity.repository
  service_account = module.iam.accounts[var.builds ? "ci-build" : "ci-deploy"]

  depends_on = [module.services]
}

module "budget" {
  source = "../budget"
  count  = var.billing == null ? 0 : 1

  amount          = var.billing.amount
  billing_account = var.billing.account
  channels        = module.monitoring.email_channels
  currency        = var.billing.currency
  name            = "${var.name} ${var.environment}"
  project_number  = module.services.project_number

  depends_on = [module.services]
}
