output "builder" {
  description = "Image that the builds run in."
  value       = "${module.images.address}/builder"
}

output "connect" {
  description = "Where a person installs Cloud Build's app for the repository, once."
  value       = module.cloud_build.connect
}

output "grants" {
  description = "Every role that is granted, to whom, on what, and why."
  value       = merge(module.cloud_build.grants, module.iam.grants, module.images.grants)
}
