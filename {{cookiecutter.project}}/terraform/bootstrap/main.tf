# Applied once for each environment, by a person with rights on the project, before anything else:
# the bucket of Terraform's state and the account that applies the rest.

locals {
  # What the account must be able to make. All of this is on the project, because what it makes is not
  # there yet; that is why people and builds only borrow the account, and it has no key.
  roles = {
    "roles/aiplatform.admin"                = "Makes the endpoint, the metadata store and the feature store."
    "roles/artifactregistry.admin"          = "Makes the repositories and grants on them."
    "roles/bigquery.admin"                  = "Makes datasets and tables and grants on them."
    "roles/cloudbuild.builds.editor"        = "Makes the triggers."
    "roles/cloudbuild.connectionAdmin"      = "Makes the connection to GitHub."
    "roles/cloudkms.admin"                  = "Makes keys and grants on them; cannot use them."
    "roles/cloudscheduler.admin"            = "Makes the schedules."
    "roles/compute.networkAdmin"            = "Makes the network, where there is one."
    "roles/compute.securityAdmin"           = "Makes the network's firewall."
    "roles/dlp.admin"                       = "Makes the templates and scans."
    "roles/dns.admin"                       = "Makes the network's names."
    "roles/eventarc.admin"                  = "Makes the trigger of retraining."
    "roles/iam.roleAdmin"                   = "Makes the custom roles."
    "roles/iam.serviceAccountAdmin"         = "Makes the accounts and grants on them."
    "roles/iam.serviceAccountUser"          = "Makes jobs, workflows and triggers that run as those accounts."
    "roles/iam.workloadIdentityPoolAdmin"   = "Makes the pool for CI outside Google Cloud."
    "roles/logging.configWriter"            = "Makes the metrics of the logs."
    "roles/monitoring.editor"               = "Makes alerts, channels and the dashboard."
    "roles/pubsub.admin"                    = "Makes the topic and grants on it."
    "roles/run.admin"                       = "Makes the jobs and grants on them."
    "roles/secretmanager.admin"             = "Lets Cloud Build read the token of GitHub; values are kept out of Terraform."
    "roles/serviceusage.serviceUsageAdmin"  = "Enables the services."
    "roles/storage.admin"                   = "Makes the bucket and grants on it."
    "roles/workflows.editor"                = "Makes the workflow of retraining."
    "roles/resourcemanager.projectIamAdmin" = "Grants roles on the project, of those in its condition alone."
  }
  # Roles on the project that the platform grants. The account can grant no other, least of all to itself.
  grantable = concat(
    [
      "roles/aiplatform.user",
      "roles/bigquery.jobUser",
      "roles/bigquery.readSessionUser",
      "roles/dataflow.developer",
      "roles/dataflow.worker",
      "roles/dlp.user",
      "roles/logging.logWriter",
      "roles/workflows.invoker",
    ],
    [for id in ["mlopsDeliverer", "mlopsMonitor", "mlopsPredictor", "mlopsPrivacyOfficer", "mlopsReleaseController", "mlopsStarter", "mlopsSubmitter", "mlopsTrainer"] : "projects/${var.project_id}/roles/${id}"],
  )
  # hasOnly takes a list of at most 10
  grants_only = join(" || ", [
    for part in chunklist(local.grantable, 10) :
    "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([${join(", ", formatlist("'%s'", part))}])"
  ])
}

resource "google_project_service" "this" {
  for_each = toset([
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ])

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

module "state" {
  source = "../modules/storage"

  # a state that was overwritten by mistake can be brought back for a month
  delete_noncurrent_after_days = 30
  labels                       = { application = "terraform", managed-by = "terraform" }
  location                     = var.region
  name                         = "${var.project_id}-terraform"
  project_id                   = var.project_id
  soft_delete_days             = 7
  grants = {
    "terraform writes" = {
      member = "serviceAccount:${module.iam.accounts["terraform"]}"
      reason = "Terraform reads, locks and writes its state."
      role   = "roles/storage.objectUser"
    }
  }

  depends_on = [google_project_service.this]
}

module "iam" {
  source = "../modules/iam"

  project_id = var.project_id
  accounts   = { terraform = "Applies Terraform; borrowed by people and builds, without a key." }
  account_grants = {
    for member in var.operators : "${member} borrows" => {
      member = member
      on     = "terraform"
      reason = "Applies Terraform as this account."
      role   = "roles/iam.serviceAccountTokenCreator"
    }
  }
  project_grants = {
    for role, reason in local.roles : "terraform ${role}" => {
      account = "terraform"
      reason  = reason
      role    = role
      condition = role == "roles/resourcemanager.projectIamAdmin" ? {
        expression = local.grants_only
        title      = "Only the platform's roles"
      } : null
    }
  }

  depends_on = [google_project_service.this]
}
