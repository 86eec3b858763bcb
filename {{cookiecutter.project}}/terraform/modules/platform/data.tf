# The datasets. None of them holds what training reads: that table belongs to someone else. What a
# query makes of it has to lie where it lies.

module "predictions" {
  source = "../bigquery"

  dataset_id                 = "batch_predictions"
  delete_contents_on_destroy = !var.deletion_protection
  description                = "What batch predictions wrote, replaced by each run."
  kms_key                    = local.tables_key
  labels                     = local.labels
  location                   = var.table_location
  project_id                 = var.project_id
  table_expiration_days      = var.retention.predictions_days
  grants = {
    "pipelines writes" = {
      member = local.members["pipelines"]
      reason = "Batch predictions write their results and what they refused."
      role   = "roles/bigquery.dataEditor"
    }
    "privacy erases" = {
      member = local.members["privacy"]
      reason = "An erasure deletes a subject's rows here, too."
      role   = "roles/bigquery.dataEditor"
    }
  }
}

module "prediction_runs" {
  source = "../bigquery"

  dataset_id                 = "batch_predictions_runs"
  delete_contents_on_destroy = !var.deletion_protection
  description                = "Working tables of single batch predictions."
  kms_key                    = local.tables_key
  labels                     = local.labels
  location                   = var.table_location
  project_id                 = var.project_id
  table_expiration_days      = 7
  grants = {
    "pipelines writes" = {
      member = local.members["pipelines"]
      reason = "A batch prediction prepares its instances and reads what was predicted."
      role   = "roles/bigquery.dataEditor"
    }
    "privacy erases" = {
      member = local.members["privacy"]
      reason = "An erasure deletes a subject's rows here, too."
      role   = "roles/bigquery.dataEditor"
    }
    "vertex-ai writes" = {
      member = local.agents["aiplatform.googleapis.com"]
      reason = "A batch prediction job writes as Vertex AI."
      role   = "roles/bigquery.dataEditor"
    }
  }
}

module "request_log" {
  source = "../bigquery"

  dataset_id                 = "request_log"
  delete_contents_on_destroy = !var.deletion_protection
  description                = "What the endpoint was asked, and what it answered."
  kms_key                    = local.key
  labels                     = local.labels
  location                   = var.region
  partition_expiration_days  = var.retention.requests_days
  project_id                 = var.project_id
  tables = {
    # the columns are Vertex AI's
    request_response_logging = {
      clustering   = ["deployed_model_id"]
      description  = "A sample of the requests, one row each."
      partition_by = "logging_time"
      schema = [
        { name = "endpoint", type = "STRING", description = "Id of the endpoint." },
        { name = "deployed_model_id", type = "STRING", description = "Who answered." },
        { name = "logging_time", type = "TIMESTAMP", description = "When." },
        { name = "request_id", type = "NUMERIC", description = "Number of the request." },
        { name = "request_payload", type = "STRING", mode = "REPEATED", description = "The instances, one JSON text each." },
        { name = "response_payload", type = "STRING", mode = "REPEATED", description = "The predictions, one JSON text each." },
      ]
    }
  }
  grants = {
    "monitoring reads" = {
      member = local.members["monitoring"]
      reason = "Drift and skew are measured on requests."
      role   = "roles/bigquery.dataViewer"
    }
    "release-controller reads" = {
      member = local.members["release-controller"]
      reason = "A release replays requests and compares answers."
      role   = "roles/bigquery.dataViewer"
    }
    "vertex-ai writes" = {
      member = local.agents["aiplatform.googleapis.com"]
      reason = "The endpoint logs as Vertex AI."
      role   = "roles/bigquery.dataEditor"
    }
  }
}

module "findings" {
  source = "../bigquery"

  dataset_id                 = "privacy_findings"
  delete_contents_on_destroy = !var.deletion_protection
  description                = "Where personal data was found, and of which type; never the value."
  kms_key                    = local.key
  labels                     = local.labels
  location                   = var.region
  partition_expiration_days  = var.retention.findings_days
  project_id                 = var.project_id
  table_expiration_days      = var.retention.findings_days
  grants = {
    "dlp writes" = {
      member = local.agents["dlp.googleapis.com"]
      reason = "Scans save their findings."
      role   = "roles/bigquery.dataEditor"
    }
  }
}

module "privacy" {
  source = "../privacy"

  bucket           = module.storage.name
  discovery        = var.privacy.discovery
  findings_dataset = module.findings.dataset_id
  info_types       = var.privacy.info_types
  name             = var.name
  paused           = var.privacy.paused
  project_id       = var.project_id
  region           = var.region
  request_log      = module.request_log.tables["request_response_logging"]
  scan_days        = var.privacy.scan_days
  pseudonym_key = var.privacy.wrapped_key == null ? null : {
    kms_key     = module.kms.keys["privacy"]
    wrapped_key = var.privacy.wrapped_key
  }
}
