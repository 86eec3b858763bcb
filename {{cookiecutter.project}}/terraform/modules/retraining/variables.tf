variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the workflow."
  type        = bool
  default     = true
}

variable "grants" {
  description = "Who may publish to the topic, and why."
  type        = map(object({ member = string, reason = string, role = string }))
  default     = {}
}

variable "job" {
  description = "Name of the Cloud Run job that a message starts."
  type        = string
}

variable "kms_key" {
  description = "Full name of the key that encrypts messages and the workflow; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the topic, the workflow and the trigger."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the topic, the workflow and the trigger."
  type        = string
  default     = "retraining"
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the topic's messages, the workflow and the trigger."
  type        = string
}

variable "service_account" {
  description = "E-mail address of the account that runs the workflow and starts the job."
  type        = string
}
