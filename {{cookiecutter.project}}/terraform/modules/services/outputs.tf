output "agents" {
  description = "E-mail address of each service's agent, by the name of the service."
  value       = local.agents
  # whoever gets a role must be there first
  depends_on = [google_project_service_identity.this]
}

output "project_number" {
  description = "Number of the project, which names its agents."
  value       = data.google_project.this.number
}

output "services" {
  description = "Names of the services that are enabled."
  value       = sort([for service in google_project_service.this : service.service])
}
