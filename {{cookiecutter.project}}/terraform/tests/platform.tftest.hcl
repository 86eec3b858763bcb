# The platform with everything off and with everything on, as plans; what modules refuse.
# `make test-terraform` runs this without a network.

provider "google" {
  project = "acme-ml-test"
  region  = "europe-west4"
}

provider "google-beta" {
  project = "acme-ml-test"
  region  = "europe-west4"
}

variables {
  alert_emails = ["ml-team@acme.example"]
  environment  = "prod"
  name         = "taxi-tips"
  project_id   = "acme-ml-test"
  region       = "europe-west4"
  runbook      = "https://git.acme.example/taxi-tips/docs/operations.md"
}

run "everything_off" {
  command = plan
  module {
    source = "./modules/platform"
  }
  variables {
    builds                = false
    dataflow              = false
    request_sampling_rate = 0
  }

  assert {
    condition     = output.network_attachment == null && output.workload_identity_provider == null
    error_message = "Options that are off must leave nothing behind."
  }
  assert {
    condition     = !anytrue([for grant in values(output.grants) : strcontains(grant.role, "dataflow")])
    error_message = "Without Dataflow, nobody needs its roles."
  }
}

run "everything_on" {
  command = plan
  module {
    source = "./modules/platform"
  }
  variables {
    audit_data_access = true
    billing           = { account = "012345-6789AB-CDEF01", amount = 100 }
    callers = {
      shop = { member = "serviceAccount:shop@acme-shop.iam.gserviceaccount.com", reason = "The shop shows the prediction." }
    }
    cloud_build = {
      github = { app_installation_id = 12345678, repository = "https://github.com/acme/taxi-tips.git" }
      triggers = {
        candidate    = { account = "ci-deploy", description = "A tag.", tag = "^v1\\." }
        deploy       = { account = "ci-deploy", approval = true, description = "By hand.", manual = true }
        main         = { account = "ci-build", branch = "^main$", description = "A push." }
        pull-request = { account = "ci-check", description = "A proposal.", pull_request = "^main$" }
      }
    }
    cmek     = true
    dataflow = true
    feature_store = {
      feature_groups = {
        taxis = {
          description       = "What is known of a taxi."
          entity_id_columns = ["taxi_id"]
          features          = { trips_last_week = "Trips in the last 7 days." }
          table             = "acme-ml-test.features.taxis"
        }
      }
      online_store = {}
    }
    network = {}
    privacy = {
      discovery   = true
      officers    = ["group:privacy@acme.example"]
      wrapped_key = "CiQAexample="
    }
    promoted_to           = ["acme-ml-next"]
    request_sampling_rate = 0.5
    retrain_on_drift      = true
    workload_identity     = { repository = "acme/taxi-tips" }
  }

  assert {
    condition     = output.network_attachment == "projects/acme-ml-test/regions/europe-west4/networkAttachments/mlops-vertex"
    error_message = "Jobs find the network by its attachment."
  }
  assert {
    condition     = anytrue([for grant in values(output.grants) : grant.resource == "folder acme-ml-test-mlops/releases/"])
    error_message = "The next environment may read releases."
  }
  assert {
    condition     = output.grants["endpoint shop asks"].role == "projects/acme-ml-test/roles/mlopsPredictor"
    error_message = "Whoever asks the endpoint may do nothing else."
  }
}

run "a_zone_is_no_region" {
  command = plan
  module {
    source = "./modules/platform"
  }
  variables {
    region = "europe-west4-a"
  }
  expect_failures = [var.region]
}

run "a_bucket_is_never_public" {
  command = plan
  module {
    source = "./modules/storage"
  }
  variables {
    grants   = { everyone = { member = "allUsers", reason = "No reason will do.", role = "roles/storage.objectViewer" } }
    location = "europe-west4"
    name     = "acme-ml-test-mlops"
  }
  expect_failures = [var.grants]
}

run "nobody_gets_a_primitive_role" {
  command = plan
  module {
    source = "./modules/iam"
  }
  variables {
    project_grants = { "someone rules" = { member = "user:someone@acme.example", reason = "No reason will do.", role = "roles/editor" } }
  }
  expect_failures = [var.project_grants]
}

run "rows_cannot_be_forgotten_faster_than_bigquery_allows" {
  command = plan
  module {
    source = "./modules/bigquery"
  }
  variables {
    dataset_id        = "request_log"
    description       = "Requests."
    location          = "europe-west4"
    time_travel_hours = 24
  }
  expect_failures = [var.time_travel_hours]
}

run "a_trigger_has_one_event" {
  command = plan
  module {
    source = "./modules/cloud-build"
  }
  variables {
    cloud_build_agent = "service-1@gcp-sa-cloudbuild.iam.gserviceaccount.com"
    github            = { app_installation_id = 1, repository = "https://github.com/acme/taxi-tips.git", token_secret = "github-token" }
    triggers = {
      both = { branch = "^main$", description = "Two events.", service_account = "ci-build@acme-ml-test.iam.gserviceaccount.com", tag = "^v" }
    }
  }
  expect_failures = [var.triggers]
}
