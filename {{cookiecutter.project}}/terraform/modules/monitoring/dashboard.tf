# One page: pipelines, the endpoint, drift and findings, cost.

locals {
  # Each chart: its title, the metric, how it is aligned and summed up, and what draws a line of its own.
  charts = [
    { title = "Pipeline tasks that ended", metric = "aiplatform.googleapis.com/pipelinejob/task_completed_count", resource = "aiplatform.googleapis.com/PipelineJob", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] },
    { title = "Pipelines that failed", metric = "${local.logged}/mlops/pipeline_failures", resource = "aiplatform.googleapis.com/PipelineJob", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] },
    { title = "Requests per second, by deployed model", metric = "${local.online}/response_count", resource = "aiplatform.googleapis.com/Endpoint", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.deployed_model_id"] },
    { title = "Errors per second, by deployed model", metric = "${local.online}/error_count", resource = "aiplatform.googleapis.com/Endpoint", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.deployed_model_id"] },
    { title = "Latency, 95th percentile, ms", metric = "${local.online}/prediction_latencies", resource = "aiplatform.googleapis.com/Endpoint", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = ["metric.label.deployed_model_id"] },
    { title = "CPU of the replicas", metric = "${local.online}/cpu/utilization", resource = "aiplatform.googleapis.com/Endpoint", aligner = "ALIGN_MEAN", reducer = "REDUCE_MEAN", by = ["metric.label.deployed_model_id"] },
    { title = "Features that drifted", metric = "${local.logged}/mlops/drift", resource = "aiplatform.googleapis.com/ModelDeploymentMonitoringJob", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] },
    { title = "Jobs that ended, by result", metric = "run.googleapis.com/job/completed_execution_count", resource = "cloud_run_job", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.job_name", "metric.label.result"] },
    { title = "Cost: replicas, by deployed model", metric = "${local.online}/replicas", resource = "aiplatform.googleapis.com/Endpoint", aligner = "ALIGN_MEAN", reducer = "REDUCE_SUM", by = ["metric.label.deployed_model_id"] },
    { title = "Cost: bytes that BigQuery bills", metric = "bigquery.googleapis.com/query/statement_scanned_bytes_billed", resource = "bigquery_project", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] },
    { title = "Cost: bytes in the bucket", metric = "storage.googleapis.com/storage/v2/total_bytes", resource = "gcs_bucket", aligner = "ALIGN_MEAN", reducer = "REDUCE_SUM", by = ["resource.label.bucket_name"] },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = var.name
    labels      = { for key, value in var.labels : key => value }
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, chart in local.charts : {
          width  = 24
          height = 16
          xPos   = index % 2 * 24
          yPos   = floor(index / 2) * 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = "metric.type=\"${chart.metric}\" AND resource.type=\"${chart.resource}\""
                    aggregation = {
                      alignmentPeriod    = "300s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.this]
}
