output "deidentify_template" {
  description = "Full name of the template that says how personal data is hidden."
  value       = google_data_loss_prevention_deidentify_template.this.id
}

output "inspect_template" {
  description = "Full name of the template that says what personal data is."
  value       = google_data_loss_prevention_inspect_template.this.id
}

output "scans" {
  description = "Full name of each scan, by what it looks at."
  value       = { for name, trigger in google_data_loss_prevention_job_trigger.this : name => trigger.id }
}
