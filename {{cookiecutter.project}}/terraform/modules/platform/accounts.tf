# One account a job. What each may do stands in the grants below, next to why.

locals {
  # What reaches users is built once; other environments need nobody who builds.
  builders = ["ci-build", "ci-check"]
  jobs = {
    ci-apply           = "Has Terraform applied here, as Terraform's own account."
    ci-build           = "Builds images and compiles pipelines from what was merged."
    ci-check           = "Tests pull requests; may do nothing in the cloud."
    ci-deploy          = "Brings what was built to this environment."
    monitoring         = "Judges the deployed model and has a new one trained."
    pipelines          = "Runs the steps of the pipelines."
    privacy            = "Hides, measures and erases personal data, for who may borrow it."
    release-controller = "Moves the endpoint's traffic from one model to the next, or back."
    scheduler          = "Starts jobs at their time or on an event."
    serving            = "Runs the prediction container."
    training           = "Runs custom training and tuning jobs."
  }

  # Google's roles of Vertex AI reach from reading everything to writing everything; these do one job.
  custom_roles = {
    mlopsDeliverer = {
      title       = "Deliverer"
      description = "Makes the schedules of pipelines those that are declared."
      permissions = [
        "aiplatform.schedules.create",
        "aiplatform.schedules.get",
        "aiplatform.schedules.list",
        "aiplatform.schedules.update",
      ]
    }
    mlopsMonitor = {
      title       = "Model monitor"
      description = "Has deployed models watched, against the data that lineage knows of them."
      permissions = [
        "aiplatform.artifacts.get",
        "aiplatform.artifacts.list",
        "aiplatform.endpoints.get",
        "aiplatform.endpoints.list",
        "aiplatform.executions.get",
        "aiplatform.executions.list",
        "aiplatform.metadataStores.get",
        "aiplatform.modelDeploymentMonitoringJobs.create",
        "aiplatform.modelDeploymentMonitoringJobs.get",
        "aiplatform.modelDeploymentMonitoringJobs.list",
        "aiplatform.modelDeploymentMonitoringJobs.pause",
        "aiplatform.modelDeploymentMonitoringJobs.resume",
        "aiplatform.modelDeploymentMonitoringJobs.searchStatsAnomalies",
        "aiplatform.modelDeploymentMonitoringJobs.update",
        "aiplatform.modelEvaluations.get",
        "aiplatform.modelEvaluations.list",
        "aiplatform.models.get",
        "aiplatform.models.list",
      ]
    }
    mlopsPredictor = {
      title       = "Predictor"
      description = "Asks an endpoint for predictions, and no more."
      permissions = ["aiplatform.endpoints.explain", "aiplatform.endpoints.predict"]
    }
    mlopsPrivacyOfficer = {
      title       = "Privacy officer"
      description = "Has DLP measure risks, and marks the models that learned from an erased subject."
      permissions = [
        "aiplatform.artifacts.get",
        "aiplatform.artifacts.list",
        "aiplatform.executions.get",
        "aiplatform.executions.list",
        "aiplatform.metadataStores.get",
        "aiplatform.models.get",
        "aiplatform.models.list",
        "aiplatform.models.update",
        "dlp.jobs.create",
        "dlp.jobs.get",
      ]
    }
    mlopsReleaseController = {
      title       = "Release controller"
      description = "Deploys models on endpoints, asks them logged requests and reads how they do."
      permissions = [
        "aiplatform.batchPredictionJobs.create",
        "aiplatform.batchPredictionJobs.get",
        "aiplatform.endpoints.deploy",
        "aiplatform.endpoints.explain",
        "aiplatform.endpoints.get",
        "aiplatform.endpoints.list",
        "aiplatform.endpoints.predict",
        "aiplatform.endpoints.undeploy",
        "aiplatform.endpoints.update",
        "aiplatform.modelEvaluations.get",
        "aiplatform.modelEvaluations.list",
        "aiplatform.models.get",
        "aiplatform.models.list",
        "aiplatform.models.update",
        "aiplatform.operations.list",
        "monitoring.timeSeries.list",
      ]
    }
    mlopsStarter = {
      title       = "Build starter"
      description = "Starts builds."
      permissions = ["cloudbuild.builds.create", "cloudbuild.builds.get", "cloudbuild.builds.list"]
    }
    mlopsSubmitter = {
      title       = "Pipeline submitter"
      description = "Starts pipelines as runs of an experiment, follows them and asks the model."
      permissions = [
        "aiplatform.artifacts.get",
        "aiplatform.artifacts.list",
        "aiplatform.contexts.addContextArtifactsAndExecutions",
        "aiplatform.contexts.addContextChildren",
        "aiplatform.contexts.create",
        "aiplatform.contexts.get",
        "aiplatform.contexts.list",
        "aiplatform.contexts.queryContextLineageSubgraph",
        "aiplatform.contexts.update",
        "aiplatform.endpoints.get",
        "aiplatform.endpoints.list",
        "aiplatform.endpoints.predict",
        "aiplatform.executions.get",
        "aiplatform.executions.list",
        "aiplatform.metadataStores.get",
        "aiplatform.metadataStores.list",
        "aiplatform.models.get",
        "aiplatform.models.list",
        "aiplatform.pipelineJobs.create",
        "aiplatform.pipelineJobs.get",
        "aiplatform.pipelineJobs.list",
      ]
    }
    mlopsTrainer = {
      title       = "Trainer"
      description = "Writes TensorBoard runs."
      permissions = [
        "aiplatform.tensorboardExperiments.create",
        "aiplatform.tensorboardExperiments.get",
        "aiplatform.tensorboardExperiments.list",
        "aiplatform.tensorboardExperiments.write",
        "aiplatform.tensorboardRuns.batchCreate",
        "aiplatform.tensorboardRuns.create",
        "aiplatform.tensorboardRuns.get",
        "aiplatform.tensorboardRuns.list",
        "aiplatform.tensorboardRuns.write",
        "aiplatform.tensorboardTimeSeries.batchCreate",
        "aiplatform.tensorboardTimeSeries.create",
        "aiplatform.tensorboardTimeSeries.get",
        "aiplatform.tensorboardTimeSeries.list",
        "aiplatform.tensorboards.get",
      ]
    }
  }

  # Who may start something that runs as another account.
  account_grants = {
    "ci-apply starts ci-deploy" = {
      account = "ci-apply"
      on      = "ci-deploy"
      reason  = "What was applied is followed by a delivery: a build of its own, with an account of its own."
    }
    "ci-build starts ci-apply" = {
      account = "ci-build"
      on      = "ci-apply"
      reason  = "What was built goes to dev: Terraform first, in a build with an account of its own."
    }
    "ci-deploy deploys monitoring" = {
      account = "ci-deploy"
      on      = "monitoring"
      reason  = "Delivery updates the image of the retraining job that runs as it."
    }
    "ci-deploy deploys release-controller" = {
      account = "ci-deploy"
      on      = "release-controller"
      reason  = "Delivery updates the image of the job that runs as it."
    }
    "ci-deploy starts pipelines" = {
      account = "ci-deploy"
      on      = "pipelines"
      reason  = "A delivery runs the pipelines as their own account."
    }
    "ci-deploy starts serving" = {
      account = "ci-deploy"
      on      = "serving"
      reason  = "A delivery that needs no canary deploys the model, which serves as its own account."
    }
    "monitoring starts pipelines" = {
      account = "monitoring"
      on      = "pipelines"
      reason  = "Retraining runs the pipelines as their own account."
    }
    "pipelines starts serving" = {
      account = "pipelines"
      on      = "serving"
      reason  = "The first model is deployed by the pipeline, and serves as its own account."
    }
    "pipelines starts training" = {
      account = "pipelines"
      on      = "training"
      reason  = "Training jobs run as their own account."
    }
    "release-controller starts serving" = {
      account = "release-controller"
      on      = "serving"
      reason  = "Deployed models serve as their own account."
    }
  }

  # On the whole project, because nothing narrower can carry the role; each says what stands in the way.
  project_grants = merge(
    {
      "ci-apply starts ci-deploy" = {
        account = "ci-apply"
        role    = "mlopsStarter"
        reason  = "Builds and triggers have no policy of their own; what a build may do is its account's matter."
      }
      "ci-build starts ci-apply" = {
        account = "ci-build"
        role    = "mlopsStarter"
        reason  = "Builds and triggers have no policy of their own; what a build may do is its account's matter."
      }
      "ci-deploy delivers" = {
        account = "ci-deploy"
        role    = "mlopsDeliverer"
        reason  = "A delivery applies the declared schedules, which have no policy of their own."
      }
      "ci-deploy monitors" = {
        account = "ci-deploy"
        role    = "mlopsMonitor"
        reason  = "What a delivery deploys at once is watched from then on; monitoring jobs have no policy of their own."
      }
      "ci-deploy queries" = {
        account = "ci-deploy"
        role    = "roles/bigquery.jobUser"
        reason  = "A query is a job of the project; what it may read is granted on datasets."
      }
      "ci-deploy releases" = {
        account = "ci-deploy"
        role    = "mlopsReleaseController"
        reason  = "A delivery ends by beginning the challenger's release; models have no policy of their own."
      }
      "ci-deploy submits" = {
        account = "ci-deploy"
        role    = "mlopsSubmitter"
        reason  = "Pipeline jobs, models and metadata have no policy of their own."
      }
      "monitoring submits" = {
        account = "monitoring"
        role    = "mlopsSubmitter"
        reason  = "Retraining starts a pipeline; pipeline jobs, models and metadata have no policy of their own."
      }
      "monitoring monitors" = {
        account = "monitoring"
        role    = "mlopsMonitor"
        reason  = "Monitoring jobs, models and metadata have no policy of their own."
      }
      "monitoring queries" = {
        account = "monitoring"
        role    = "roles/bigquery.jobUser"
        reason  = "A query is a job of the project; what it may read is granted on datasets."
      }
      "pipelines inspects" = {
        account = "pipelines"
        role    = "roles/dlp.user"
        reason  = "Before training, DLP inspects a sample of the data; what it is sent has no policy of its own."
      }
      "pipelines queries" = {
        account = "pipelines"
        role    = "roles/bigquery.jobUser"
        reason  = "A query is a job of the project; what it may read is granted on datasets."
      }
      "pipelines reads quickly" = {
        account = "pipelines"
        role    = "roles/bigquery.readSessionUser"
        reason  = "A read session belongs to the project; what it may read is granted on datasets."
      }
      "pipelines works" = {
        account = "pipelines"
        role    = "roles/aiplatform.user"
        reason  = "Jobs, models and metadata have no policy of their own."
      }
      "privacy hides" = {
        account = "privacy"
        role    = "roles/dlp.user"
        reason  = "DLP hides, hashes and inspects rows; what it is sent has no policy of its own."
      }
      "privacy measures and marks" = {
        account = "privacy"
        role    = "mlopsPrivacyOfficer"
        reason  = "DLP's jobs, models and metadata have no policy of their own."
      }
      "privacy queries" = {
        account = "privacy"
        role    = "roles/bigquery.jobUser"
        reason  = "A query is a job of the project; what it may read is granted on datasets."
      }
      "release-controller monitors" = {
        account = "release-controller"
        role    = "mlopsMonitor"
        reason  = "Monitoring follows a release, as it names deployed models; its jobs have no policy of their own."
      }
      "release-controller queries" = {
        account = "release-controller"
        role    = "roles/bigquery.jobUser"
        reason  = "A query is a job of the project; what it may read is granted on datasets."
      }
      "release-controller releases" = {
        account = "release-controller"
        role    = "mlopsReleaseController"
        reason  = "Models, operations and time series have no policy of their own."
      }
      "scheduler runs workflows" = {
        account = "scheduler"
        role    = "roles/workflows.invoker"
        reason  = "Eventarc starts the workflow as this account; workflows have no policy of their own."
      }
      "training reports" = {
        account = "training"
        role    = "mlopsTrainer"
        reason  = "TensorBoards have no policy of their own."
      }
    },
    {
      for name in ["ci-apply", "ci-build", "ci-check", "ci-deploy"] : "${name} logs" => {
        account = name
        role    = "roles/logging.logWriter"
        reason  = "A build with an account of its own writes its log itself; logs have no policy of their own."
      }
    },
    var.dataflow ? {
      "pipelines runs Dataflow" = {
        account = "pipelines"
        role    = "roles/dataflow.developer"
        reason  = "Beam's jobs on Dataflow belong to the project."
      }
      "pipelines works for Dataflow" = {
        account = "pipelines"
        role    = "roles/dataflow.worker"
        reason  = "Dataflow's workers run as this account and report to the project's jobs."
      }
    } : {},
  )

  accounts    = { for name, job in local.jobs : name => job if var.builds || !contains(local.builders, name) }
  on_accounts = { for key, grant in local.account_grants : key => grant if contains(keys(local.accounts), grant.account) }
  on_project  = { for key, grant in local.project_grants : key => grant if contains(keys(local.accounts), grant.account) }

  members = { for name, email in module.iam.accounts : name => "serviceAccount:${email}" }
  agents  = { for name, email in module.services.agents : name => "serviceAccount:${email}" }
}

module "iam" {
  source = "../iam"

  account_grants   = local.on_accounts
  accounts         = local.accounts
  audited_services = var.audit_data_access ? ["aiplatform.googleapis.com", "bigquery.googleapis.com", "storage.googleapis.com"] : []
  custom_roles     = local.custom_roles
  project_grants   = local.on_project
  project_id       = var.project_id

  depends_on = [module.services]
}

# The account of terraform/bootstrap, which applies this; who has no bootstrap has no builds that apply.
resource "google_service_account_iam_member" "terraform" {
  for_each = var.cloud_build == null ? {} : local.borrowed

  service_account_id = "projects/${var.project_id}/serviceAccounts/terraform@${var.project_id}.iam.gserviceaccount.com"
  role               = each.value.role
  member             = each.value.member
}

# People act as this account, for as long as a token lasts.
resource "google_service_account_iam_member" "privacy" {
  for_each = local.officers

  service_account_id = "projects/${var.project_id}/serviceAccounts/${module.iam.accounts["privacy"]}"
  role               = each.value.role
  member             = each.value.member
}

locals {
  officers = {
    for member in var.privacy.officers : "${member} borrows" => {
      member = member
      reason = "Who answers for personal data hides and erases it as this account."
      role   = "roles/iam.serviceAccountTokenCreator"
    }
  }
  borrowed = {
    "ci-apply borrows" = {
      member = local.members["ci-apply"]
      reason = "A build applies Terraform as Terraform's own account, and for as long as a token lasts."
      role   = "roles/iam.serviceAccountTokenCreator"
    }
  }
}
