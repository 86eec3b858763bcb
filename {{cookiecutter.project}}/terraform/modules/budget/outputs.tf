output "name" {
  description = "Display name of the budget."
  value       = google_billing_budget.this.display_name
}
