output "alerts" {
  description = "Display name of each alert policy, by the heading of its runbook."
  value = merge(
    { for key, policy in google_monitoring_alert_policy.this : key => policy.display_name },
    { findings = google_monitoring_alert_policy.findings.display_name },
  )
}

output "email_channels" {
  description = "Full names of the channels of people."
  value       = local.people
}
