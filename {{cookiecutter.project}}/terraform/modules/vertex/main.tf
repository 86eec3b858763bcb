# What outlives every model: the endpoint, the metadata of runs and their TensorBoard.

resource "google_vertex_ai_endpoint" "this" {
  project      = var.project_id
  location     = var.region
  name         = var.endpoint_id
  display_name = var.name
  description  = var.description
  labels       = var.labels
  # a host name of its own, so that neighbours cannot slow it down
  dedicated_endpoint_enabled = var.dedicated
  network                    = var.network

  dynamic "predict_request_response_logging_config" {
    for_each = var.request_log[*]
    content {
      enabled       = true
      sampling_rate = predict_request_response_logging_config.value.sampling_rate
      bigquery_destination {
        output_uri = "bq://${predict_request_response_logging_config.value.table}"
      }
    }
  }

  dynamic "encryption_spec" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = encryption_spec.value
    }
  }

  # Releases move the traffic; Terraform would move it back.
  lifecycle {
    ignore_changes = [traffic_split]
  }
}

resource "google_vertex_ai_endpoint_iam_member" "this" {
  for_each = var.grants
  provider = google-beta

  project  = var.project_id
  location = var.region
  endpoint = google_vertex_ai_endpoint.this.name
  role     = each.value.role
  member   = each.value.member
}

# Vertex AI makes the store `default` by itself, but then without the customer's key.
resource "google_vertex_ai_metadata_store" "this" {
  provider = google-beta

  project     = var.project_id
  region      = var.region
  name        = "default"
  description = "Lineage of ${var.name}: which data and code made which model."

  dynamic "encryption_spec" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = encryption_spec.value
    }
  }
}

resource "google_vertex_ai_tensorboard" "this" {
  project      = var.project_id
  region       = var.region
  display_name = var.name
  description  = "Training runs of ${var.name}."
  labels       = var.labels

  dynamic "encryption_spec" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = encryption_spec.value
    }
  }
}
