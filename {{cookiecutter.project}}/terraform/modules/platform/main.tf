# Everything that one environment needs, in one place; a root chooses the environment's options.

locals {
  bucket = "${var.project_id}-mlops"
  labels = merge(var.labels, { application = var.name, environment = var.environment, managed-by = "terraform" })
  services = setunion(
    [
      "aiplatform.googleapis.com",
      "artifactregistry.googleapis.com",
      "bigquery.googleapis.com",
      "bigquerystorage.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudkms.googleapis.com",
      "cloudquotas.googleapis.com",
      "cloudresourcemanager.googleapis.com",
      "cloudscheduler.googleapis.com",
      "dataplex.googleapis.com",
      "dlp.googleapis.com",
      "eventarc.googleapis.com",
      "iam.googleapis.com",
      "iamcredentials.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "pubsub.googleapis.com",
      "run.googleapis.com",
      "secretmanager.googleapis.com",
      "serviceusage.googleapis.com",
      "storage.googleapis.com",
      "workflows.googleapis.com",
    ],
    var.billing == null ? [] : ["billingbudgets.googleapis.com"],
    var.dataflow ? ["compute.googleapis.com", "dataflow.googleapis.com"] : [],
    var.network == null ? [] : ["compute.googleapis.com", "dns.googleapis.com"],
    var.workload_identity == null ? [] : ["sts.googleapis.com"],
  )
  # which of Google's accounts encrypt with the customer's key, and what for
  encrypting = {
    "aiplatform.googleapis.com"       = "Vertex AI encrypts models, jobs and metadata with it."
    "artifactregistry.googleapis.com" = "Artifact Registry encrypts images with it."
    "pubsub.googleapis.com"           = "Pub/Sub encrypts messages with it."
    "run.googleapis.com"              = "Cloud Run encrypts the jobs' containers with it."
    "storage.googleapis.com"          = "Cloud Storage encrypts the bucket with it."
  }
  # what only a project that builds grants
  grants_to_build = {
    bucket = {
      for name in setintersection(keys(local.accounts), ["ci-build"]) : "${name} writes" => {
        member = local.members[name]
        reason = "A build publishes what it releases."
        role   = "roles/storage.objectUser"
      }
    }
    images = {
      for name in setintersection(keys(local.accounts), ["ci-build"]) : "${name} pushes" => {
        member = local.members[name]
        reason = "A build pushes the images it made."
        role   = "roles/artifactregistry.writer"
      }
    }
    pipelines = {
      for name in setintersection(keys(local.accounts), ["ci-build"]) : "${name} uploads" => {
        member = local.members[name]
        reason = "A build uploads the pipelines it compiled."
        role   = "roles/artifactregistry.writer"
      }
    }
  }
  tables_key_location = lookup({ EU = "europe", US = "us" }, var.table_location, var.table_location)
  tables_key          = var.cmek ? try(module.kms_tables[0].keys["tables"], module.kms.keys["data"]) : null
  key                 = var.cmek ? module.kms.keys["data"] : null
}

module "services" {
  source = "../services"

  project_id = var.project_id
  services   = local.services
}

module "kms" {
  source = "../kms"

  keys       = setunion(["privacy"], var.cmek ? ["data"] : [])
  labels     = local.labels
  location   = var.region
  name       = "mlops"
  project_id = var.project_id
  grants = merge(
    {
      "privacy dlp unwraps" = {
        key    = "privacy"
        member = local.agents["dlp.googleapis.com"]
        reason = "Scans that de-identify files unwrap the key of the pseudonyms."
        role   = "roles/cloudkms.cryptoKeyDecrypter"
      }
      "privacy officer unwraps" = {
        key    = "privacy"
        member = local.members["privacy"]
        reason = "Who hides or erases calls DLP with the wrapped key."
        role   = "roles/cloudkms.cryptoKeyDecrypter"
      }
    },
    {
      for service, reason in local.encrypting : "data ${split(".", service)[0]} encrypts" => {
        key    = "data"
        member = local.agents[service]
        reason = reason
        role   = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
      } if var.cmek
    },
    var.cmek ? {
      "data bigquery encrypts" = {
        key    = "data"
        member = "serviceAccount:bq-${module.services.project_number}@bigquery-encryption.iam.gserviceaccount.com"
        reason = "BigQuery encrypts tables with it."
        role   = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
      }
    } : {},
  )
}

# A key encrypts in its own location alone.
module "kms_tables" {
  source = "../kms"
  count  = var.cmek && local.tables_key_location != var.region ? 1 : 0

  keys       = ["tables"]
  labels     = local.labels
  location   = local.tables_key_location
  name       = "mlops"
  project_id = var.project_id
  grants = {
    "tables bigquery encrypts" = {
      key    = "tables"
      member = "serviceAccount:bq-${module.services.project_number}@bigquery-encryption.iam.gserviceaccount.com"
      reason = "BigQuery encrypts predictions with it."
      role   = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    }
  }
}

module "storage" {
  source = "../storage"

  delete_noncurrent_after_days = var.retention.replaced_objects_days
  force_destroy                = !var.deletion_protection
  kms_key                      = local.key
  labels                       = local.labels
  location                     = var.region
  name                         = local.bucket
  project_id                   = var.project_id
  grants = merge(local.grants_to_build.bucket, {
    "ci-deploy reads the bucket" = {
      member = local.members["ci-deploy"]
      reason = "Vertex AI's client checks that the bucket is there before it schedules a pipeline."
      role   = "roles/storage.bucketViewer"
    }
    "ci-deploy writes" = {
      member = local.members["ci-deploy"]
      reason = "A delivery reads the release, keeps it for the jobs and hands the pipeline its inputs."
      role   = "roles/storage.objectUser"
    }
    "monitoring writes" = {
      member = local.members["monitoring"]
      reason = "Statistics of requests are kept here."
      role   = "roles/storage.objectUser"
    }
    "pipelines writes" = {
      member = local.members["pipelines"]
      reason = "Steps hand each other their artifacts here."
      role   = "roles/storage.objectUser"
    }
    "pipelines reads the bucket" = {
      member = local.members["pipelines"]
      reason = "Vertex AI checks that the staging bucket is there before it starts a job."
      role   = "roles/storage.bucketViewer"
    }
    "privacy erases" = {
      member = local.members["privacy"]
      reason = "An erasure deletes extracted rows, and keeps its tombstone."
      role   = "roles/storage.objectUser"
    }
    "release-controller reads" = {
      member = local.members["release-controller"]
      reason = "A model becomes champion only if its evaluation, kept here, is that of its files."
      role   = "roles/storage.objectViewer"
    }
    "serving reads" = {
      member = local.members["serving"]
      reason = "The container loads its model from here."
      role   = "roles/storage.objectViewer"
    }
    "training writes" = {
      member = local.members["training"]
      reason = "Training reads the transformed data and writes the model."
      role   = "roles/storage.objectUser"
    }
  })
  folders = merge(
    {
      "monitoring/" = {
        "release-controller watches" = {
          member = local.members["release-controller"]
          reason = "What monitoring compares a new model's requests with is a sample of its training data, kept here."
          role   = "roles/storage.objectUser"
        }
      }
      "rollouts/" = {
        "release-controller writes" = {
          member = local.members["release-controller"]
          reason = "Each change of traffic is noted here before it is made."
          role   = "roles/storage.objectUser"
        }
      }
    },
    # releases alone, not the training data next to them
    length(var.promoted_to) == 0 ? {} : {
      "releases/" = {
        for project in var.promoted_to : "${project} reads" => {
          member = "serviceAccount:ci-deploy@${project}.iam.gserviceaccount.com"
          reason = "Delivery there takes what was released here."
          role   = "roles/storage.objectViewer"
        }
      }
    },
  )
}

module "images" {
  source = "../artifact-registry"

  description = "Images of the pipeline steps and of the prediction server."
  kms_key     = local.key
  labels      = local.labels
  location    = var.region
  name        = "mlops"
  project_id  = var.project_id
  scan        = var.scan_images
  grants = merge(
    local.grants_to_build.images,
    {
      "ci-deploy copies" = {
        member = local.members["ci-deploy"]
        reason = "A delivery copies images here from where they were tested."
        role   = "roles/artifactregistry.writer"
      }
    },
    {
      for project in var.promoted_to : "${project} pulls" => {
        member = "serviceAccount:ci-deploy@${project}.iam.gserviceaccount.com"
        reason = "Delivery there copies the images that were tested here."
        role   = "roles/artifactregistry.reader"
      }
    },
  )
}

module "cache" {
  source = "../artifact-registry"
  count  = var.builds ? 1 : 0

  delete_untagged_after_days = 7
  description                = "Layers that the next build of an image starts from."
  immutable_tags             = false
  keep_count                 = 2
  kms_key                    = local.key
  labels                     = local.labels
  location                   = var.region
  name                       = "mlops-cache"
  project_id                 = var.project_id
  scan                       = false
  grants = {
    "ci-build caches" = {
      member = local.members["ci-build"]
      reason = "Builds keep their layers for the next build."
      role   = "roles/artifactregistry.writer"
    }
  }
}

# What is compiled is compiled once, for all environments; their deliveries take it from here.
module "pipelines" {
  source = "../artifact-registry"
  count  = var.builds ? 1 : 0

  description = "Compiled pipelines."
  format      = "KFP"
  kms_key     = local.key
  labels      = local.labels
  location    = var.region
  name        = "pipelines"
  project_id  = var.project_id
  grants = merge(
    local.grants_to_build.pipelines,
    {
      "ci-deploy reads" = {
        member = local.members["ci-deploy"]
        reason = "Delivery runs a compiled pipeline."
        role   = "roles/artifactregistry.reader"
      }
    },
    {
      for project in var.promoted_to : "${project} reads" => {
        member = "serviceAccount:ci-deploy@${project}.iam.gserviceaccount.com"
        reason = "Delivery there runs the pipelines that were compiled here."
        role   = "roles/artifactregistry.reader"
      }
    },
  )
}

module "vertex" {
  source = "../vertex"

  dedicated   = var.dedicated_endpoint
  endpoint_id = var.endpoint_id
  kms_key     = local.key
  labels      = local.labels
  name        = var.name
  project_id  = var.project_id
  region      = var.region
  request_log = var.request_sampling_rate == 0 ? null : {
    sampling_rate = var.request_sampling_rate
    table         = module.request_log.tables["request_response_logging"]
  }
  grants = {
    for name, caller in var.callers : "${name} asks" => {
      member = caller.member
      reason = caller.reason
      role   = module.iam.custom_roles["mlopsPredictor"]
    }
  }
}

module "feature_store" {
  source = "../feature-store"
  count  = var.feature_store == null ? 0 : 1

  feature_groups = var.feature_store.feature_groups
  force_destroy  = !var.deletion_protection
  kms_key        = local.key
  labels         = local.labels
  online_store   = var.feature_store.online_store
  project_id     = var.project_id
  region         = var.region

  depends_on = [module.services]
}

module "network" {
  source = "../network"
  count  = var.network == null ? 0 : 1

  google_address  = var.network.google_address
  labels          = local.labels
  name            = "mlops"
  project_id      = var.project_id
  region          = var.region
  subnet_range    = var.network.subnet_range
  worker_accounts = [module.iam.accounts["pipelines"]]

  depends_on = [module.services]
}
