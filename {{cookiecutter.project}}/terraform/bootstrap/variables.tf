variable "operators" {
  description = "Who may apply Terraform as its account: people and groups, such as group:ml-platform@acme.example."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(user|group|serviceAccount|principalSet|principal):.+", member))])
    error_message = "Name each with its kind, such as group:ml-platform@acme.example."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project; it must be there, with billing."
  type        = string
}

variable "region" {
  description = "Region of the state bucket."
  type        = string
}
