# What counts as personal data, how it is hidden, and the scans that look for it where none should be.

locals {
  parent = "projects/${var.project_id}/locations/${var.region}"
  scans = {
    for name, scan in {
      # only what came since the last scan, so that a scan costs what the new data costs
      bucket      = var.bucket == null ? null : { bucket = var.bucket, table = null, timestamp = null }
      request-log = var.request_log == null ? null : { bucket = null, table = var.request_log, timestamp = "logging_time" }
    } : name => scan if scan != null
  }
}

resource "google_data_loss_prevention_inspect_template" "this" {
  parent       = local.parent
  template_id  = var.name
  display_name = var.name
  description  = "What counts as personal data in ${var.name}."

  inspect_config {
    # a report counts findings and never quotes them
    include_quote  = false
    min_likelihood = var.min_likelihood

    dynamic "info_types" {
      for_each = var.info_types
      content {
        name = info_types.value
      }
    }

    limits {
      max_findings_per_item    = 1000
      max_findings_per_request = 1000
    }
  }
}

resource "google_data_loss_prevention_deidentify_template" "this" {
  parent       = local.parent
  template_id  = var.name
  display_name = var.name
  description  = "How personal data of ${var.name} is hidden."

  deidentify_config {
    info_type_transformations {
      # The same value becomes the same pseudonym, so that rows of one person still belong together.
      dynamic "transformations" {
        for_each = var.pseudonym_key[*]
        content {
          dynamic "info_types" {
            for_each = var.pseudonymised
            content {
              name = info_types.value
            }
          }
          primitive_transformation {
            crypto_deterministic_config {
              crypto_key {
                kms_wrapped {
                  crypto_key_name = transformations.value.kms_key
                  wrapped_key     = transformations.value.wrapped_key
                }
              }
              surrogate_info_type {
                name = "PSEUDONYM"
              }
            }
          }
        }
      }

      # Everything else is replaced by the name of its type.
      transformations {
        dynamic "info_types" {
          for_each = var.pseudonym_key == null ? var.info_types : setsubtract(var.info_types, var.pseudonymised)
          content {
            name = info_types.value
          }
        }
        primitive_transformation {
          replace_with_info_type_config = true
        }
      }
    }
  }
}

resource "google_data_loss_prevention_job_trigger" "this" {
  for_each = local.scans

  parent       = local.parent
  trigger_id   = "${var.name}-${each.key}"
  display_name = "${var.name} ${each.key}"
  description  = "Looks for personal data in the ${each.key}."
  status       = var.paused ? "PAUSED" : "HEALTHY"

  triggers {
    schedule {
      recurrence_period_duration = "${var.scan_days * 24 * 60 * 60}s"
    }
  }

  inspect_job {
    inspect_template_name = google_data_loss_prevention_inspect_template.this.id

    storage_config {
      timespan_config {
        enable_auto_population_of_timespan_config = true

        dynamic "timestamp_field" {
          for_each = each.value.timestamp[*]
          content {
            name = timestamp_field.value
          }
        }
      }

      dynamic "cloud_storage_options" {
        for_each = each.value.bucket[*]
        content {
          bytes_limit_per_file_percent = var.sample_percent
          sample_method                = "RANDOM_START"
          file_set {
            url = "gs://${cloud_storage_options.value}/**"
          }
        }
      }

      dynamic "big_query_options" {
        for_each = each.value.table[*]
        content {
          # no sample: DLP takes a limit of rows, or a span of time
          table_reference {
            project_id = split(".", big_query_options.value)[0]
            dataset_id = split(".", big_query_options.value)[1]
            table_id   = split(".", big_query_options.value)[2]
          }
        }
      }
    }

    actions {
      save_findings {
        output_config {
          table {
            project_id = var.project_id
            dataset_id = var.findings_dataset
            table_id   = replace("${each.key}_findings", "-", "_")
          }
        }
      }
    }
    actions {
      publish_to_stackdriver {}
    }

    # the catalog knows tables, and takes findings in nothing else
    dynamic "actions" {
      for_each = each.value.table[*]
      content {
        publish_findings_to_dataplex_catalog {}
      }
    }
  }
}

# Profiles every table of the project, also those that nobody thought of.
resource "google_data_loss_prevention_discovery_config" "this" {
  count = var.discovery ? 1 : 0

  parent            = local.parent
  location          = var.region
  display_name      = var.name
  status            = "RUNNING"
  inspect_templates = [google_data_loss_prevention_inspect_template.this.id]

  targets {
    big_query_target {
      filter {
        other_tables {}
      }
      cadence {
        schema_modified_cadence {
          types     = ["SCHEMA_NEW_COLUMNS"]
          frequency = "UPDATE_FREQUENCY_DAILY"
        }
      }
    }
  }

  actions {
    export_data {
      profile_table {
        project_id = var.project_id
        dataset_id = var.findings_dataset
        table_id   = "profiles"
      }
    }
  }
}
