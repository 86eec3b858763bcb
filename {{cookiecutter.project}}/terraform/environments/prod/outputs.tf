output "grants" {
  description = "Every role that is granted, to whom, on what, and why."
  value       = module.platform.grants
}

output "platform" {
  description = "What code and people need to know of the environment."
  value = {
    bucket              = module.platform.bucket
    deidentify_template = module.platform.deidentify_template
    endpoint            = module.platform.endpoint
    images              = module.platform.images
    inspect_template    = module.platform.inspect_template
    network_attachment  = module.platform.network_attachment
    request_log         = module.platform.request_log
    retraining_topic    = module.platform.retraining_topic
    service_accounts    = module.platform.service_accounts
    tensorboard         = module.platform.tensorboard
  }
}

output "roles" {
  description = "Permissions of each role made here."
  value       = module.platform.roles
}
