output "bucket" {
  description = "Name of the bucket."
  value       = module.storage.name
}

output "deidentify_template" {
  description = "Full name of the DLP template that says how personal data is hidden."
  value       = module.privacy.deidentify_template
}

output "endpoint" {
  description = "Full name of the endpoint."
  value       = module.vertex.endpoint
}

output "grants" {
  description = "Every role that is granted, to whom, on what, and why; docs/iam.md is this as a table."
  value = merge(
    module.iam.grants,
    module.kms.grants,
    module.storage.grants,
    module.images.grants,
    module.predictions.grants,
    module.prediction_runs.grants,
    module.request_log.grants,
    module.findings.grants,
    module.vertex.grants,
    module.release_controller.grants,
    module.retraining_job.grants,
    module.retraining.grants,
    merge(module.cache[*].grants...),
    merge(module.kms_tables[*].grants...),
    merge(module.pipelines[*].grants...),
    merge(module.cloud_build[*].grants...),
    merge(module.workload_identity[*].grants...),
    {
      for key, grant in local.borrowed : "account terraform ${key}" => merge(grant, {
        resource = "account terraform"
      }) if var.cloud_build != null
    },
    {
      for key, grant in local.officers : "account privacy ${key}" => merge(grant, {
        resource = "account privacy"
      })
    },
  )
}

output "images" {
  description = "What images begin with."
  value       = module.images.address
}

output "inspect_template" {
  description = "Full name of the DLP template that says what personal data is."
  value       = module.privacy.inspect_template
}

output "network_attachment" {
  description = "Full name of the network attachment for Vertex AI's jobs; null without a network of one's own."
  value       = one(module.network[*].attachment)
}

output "request_log" {
  description = "Table that requests and responses are logged to."
  value       = module.request_log.tables["request_response_logging"]
}

output "retraining_topic" {
  description = "Full name of the topic whose messages ask whether a new model is due."
  value       = module.retraining.topic
}

output "roles" {
  description = "Permissions of each role made here, by its full name."
  value       = { for id, role in local.custom_roles : module.iam.custom_roles[id] => sort(role.permissions) }
}

output "service_accounts" {
  description = "E-mail address of each account, by its job."
  value       = module.iam.accounts
}

output "tensorboard" {
  description = "Full name of the TensorBoard."
  value       = module.vertex.tensorboard
}

output "workload_identity_provider" {
  description = "Full name of the provider for GitHub Actions; null without one."
  value       = one(module.workload_identity[*].provider)
}
