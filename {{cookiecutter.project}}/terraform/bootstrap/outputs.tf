output "bucket" {
  description = "Bucket of the state: terraform init -backend-config=bucket=THIS in the environment's root."
  value       = module.state.name
}

output "grantable" {
  description = "Roles that Terraform's account may grant on the project."
  value       = local.grantable
}

output "grants" {
  description = "What is granted here, and why."
  value       = merge(module.iam.grants, module.state.grants)
}

output "service_account" {
  description = "Account that applies the rest: GOOGLE_IMPERSONATE_SERVICE_ACCOUNT=THIS terraform apply."
  value       = module.iam.accounts["terraform"]
}
