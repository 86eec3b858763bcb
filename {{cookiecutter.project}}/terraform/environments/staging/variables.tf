variable "alert_emails" {
  description = "E-mail addresses that get the alerts."
  type        = set(string)
}

variable "billing_account" {
  description = "Id of the billing account, to be told before money runs out; null sets no budget."
  type        = string
  default     = null
}

variable "callers" {
  description = "Who may ask the endpoint for predictions, and why."
  type        = map(object({ member = string, reason = string }))
  default     = {}
}

variable "github" {
  description = "The repository on GitHub and the installation of Cloud Build's app there; null builds nothing."
  type        = object({ app_installation_id = number, repository = string })
  default     = null
}

variable "name" {
  description = "Name of the product: of its endpoint, model and alerts."
  type        = string
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
}

variable "runbook" {
  description = "Address of the page with a heading for each alert: docs/operations.md, where you host it."
  type        = string
}

variable "source_project_id" {
  description = "Id of the project, that of dev, whose releases are brought here."
  type        = string
}

variable "wrapped_key" {
  description = "Key of the pseudonyms, wrapped by KMS (modules/privacy tells how); null makes none."
  type        = string
  default     = null
}
