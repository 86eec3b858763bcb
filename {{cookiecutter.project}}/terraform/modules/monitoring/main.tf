# Who is told, when, and what to do then.

locals {
  endpoint = "resource.type=\"aiplatform.googleapis.com/Endpoint\" AND resource.labels.endpoint_id=\"${var.endpoint_id}\""
  online   = "aiplatform.googleapis.com/prediction/online"
  logged   = "logging.googleapis.com/user"

  # Log entries that are counted, so that they can be alerted on and drawn.
  log_metrics = {
    "mlops/drift" = {
      description = "Features that Model Monitoring found to have drifted or to be skewed."
      filter      = "logName=\"projects/${var.project_id}/logs/aiplatform.googleapis.com%2Fmodel_monitoring_anomaly\""
    }
    "mlops/pipeline_failures" = {
      description = "Pipeline jobs that failed."
      filter      = "resource.type=\"aiplatform.googleapis.com/PipelineJob\" AND jsonPayload.state=\"PIPELINE_STATE_FAILED\""
    }
    # a line of `mlops monitor evaluate`
    "mlops/retraining" = {
      description = "New models that were asked for, as the deployed one was bad for long enough."
      filter      = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"retraining\" AND textPayload:\"a new model is asked for\""
    }
  }

  # Each alert: a metric, how it is brought to one number, the bound, for how long, and whom it wakes.
  # Its key is the heading of its runbook. A missing number opens no incident: an idle endpoint has none.
  alerts = {
    decay = {
      title     = "The deployed model decayed: a new one is trained"
      severity  = "WARNING"
      filter    = "metric.type=\"${local.logged}/mlops/retraining\" AND resource.type=\"cloud_run_job\""
      aligner   = "ALIGN_SUM"
      reducer   = "REDUCE_SUM"
      period    = 300
      duration  = 0
      threshold = 0
    }
    drift = {
      title     = "Features drifted"
      severity  = "WARNING"
      filter    = "metric.type=\"${local.logged}/mlops/drift\" AND resource.type=\"aiplatform.googleapis.com/ModelDeploymentMonitoringJob\""
      aligner   = "ALIGN_SUM"
      reducer   = "REDUCE_SUM"
      period    = 3600
      duration  = 0
      threshold = 0
      retrain   = true
    }
    errors = {
      title       = "More than ${var.thresholds.error_percent} % of the requests fail"
      severity    = "CRITICAL"
      filter      = "metric.type=\"${local.online}/error_count\" AND ${local.endpoint}"
      denominator = "metric.type=\"${local.online}/response_count\" AND ${local.endpoint}"
      aligner     = "ALIGN_RATE"
      reducer     = "REDUCE_SUM"
      period      = 300
      duration    = 300
      threshold   = var.thresholds.error_percent / 100
    }
    jobs = {
      title     = "The release controller or the retraining job failed"
      severity  = "ERROR"
      filter    = "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND resource.type=\"cloud_run_job\" AND metric.labels.result=\"failed\""
      aligner   = "ALIGN_SUM"
      reducer   = "REDUCE_SUM"
      period    = 300
      duration  = 0
      threshold = 0
    }
    latency = {
      title     = "5 % of the requests take longer than ${var.thresholds.latency_ms} ms"
      severity  = "ERROR"
      filter    = "metric.type=\"${local.online}/prediction_latencies\" AND metric.labels.latency_type=\"total\" AND ${local.endpoint}"
      aligner   = "ALIGN_PERCENTILE_95"
      reducer   = "REDUCE_MAX"
      period    = 300
      duration  = 600
      threshold = var.thresholds.latency_ms
    }
    pipelines = {
      title     = "A pipeline failed"
      severity  = "ERROR"
      filter    = "metric.type=\"${local.logged}/mlops/pipeline_failures\" AND resource.type=\"aiplatform.googleapis.com/PipelineJob\""
      aligner   = "ALIGN_SUM"
      reducer   = "REDUCE_SUM"
      period    = 300
      duration  = 0
      threshold = 0
    }
    saturation = {
      title     = "The replicas are ${var.thresholds.cpu_percent} % busy"
      severity  = "WARNING"
      filter    = "metric.type=\"${local.online}/cpu/utilization\" AND ${local.endpoint}"
      aligner   = "ALIGN_MEAN"
      reducer   = "REDUCE_MEAN"
      period    = 300
      duration  = 900
      threshold = var.thresholds.cpu_percent / 100
    }
  }

  people   = [for channel in google_monitoring_notification_channel.email : channel.id]
  machines = [for channel in google_monitoring_notification_channel.retraining : channel.id]
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  project     = var.project_id
  name        = each.key
  description = each.value.description
  filter      = each.value.filter

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.emails

  project      = var.project_id
  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = var.labels
}

resource "google_monitoring_notification_channel" "retraining" {
  count = var.retrain_on_drift ? 1 : 0

  project      = var.project_id
  display_name = "Retraining"
  type         = "pubsub"
  labels       = { topic = var.retraining_topic }
  user_labels  = var.labels
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  project               = var.project_id
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = merge(var.labels, { alert = each.key })
  notification_channels = concat(local.people, try(each.value.retrain, false) ? local.machines : [])

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter                  = each.value.filter
      denominator_filter      = try(each.value.denominator, null)
      comparison              = "COMPARISON_GT"
      duration                = "${each.value.duration}s"
      threshold_value         = each.value.threshold
      evaluation_missing_data = each.value.duration == 0 ? null : "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period     = "${each.value.period}s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }

      dynamic "denominator_aggregations" {
        for_each = try(each.value.denominator, null)[*]
        content {
          alignment_period     = "${each.value.period}s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
        }
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbook}#${each.key}"
    links {
      display_name = "Runbook"
      url          = "${var.runbook}#${each.key}"
    }
  }

  depends_on = [google_logging_metric.this]
}

# Personal data where none is expected. DLP names no monitored resource for its metric; PromQL needs none.
resource "google_monitoring_alert_policy" "findings" {
  project               = var.project_id
  display_name          = "${var.name}: Personal data was found"
  combiner              = "OR"
  severity              = "CRITICAL"
  user_labels           = merge(var.labels, { alert = "findings" })
  notification_channels = local.people

  conditions {
    display_name = "A scan had findings"

    condition_prometheus_query_language {
      query               = "sum(increase(dlp_googleapis_com:finding_count[1h])) > 0"
      duration            = "0s"
      evaluation_interval = "300s"
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbook}#findings"
    links {
      display_name = "Runbook"
      url          = "${var.runbook}#findings"
    }
  }
}
