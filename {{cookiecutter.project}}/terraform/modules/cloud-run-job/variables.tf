variable "args" {
  description = "What the image's entry point is given."
  type        = list(string)
}

variable "cpu" {
  description = "Processors of the job."
  type        = string
  default     = "1"
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the job."
  type        = bool
  default     = true
}

variable "environment" {
  description = "Environment variables of the container; secrets belong in Secret Manager."
  type        = map(string)
  default     = {}
}

variable "grants" {
  description = "Who may do what with the job, and why."
  type        = map(object({ member = string, reason = string, role = string }))
  default     = {}
}

variable "image" {
  description = "The image until the first delivery replaces it; Cloud Run wants one that exists."
  type        = string
  default     = "us-docker.pkg.dev/cloudrun/container/job"
}

variable "kms_key" {
  description = "Full name of the key that encrypts the container; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the job."
  type        = map(string)
  default     = {}
}

variable "max_retries" {
  description = "How often a failed run is tried again."
  type        = number
  default     = 1
}

variable "memory" {
  description = "Memory of the job."
  type        = string
  default     = "2Gi"
}

variable "name" {
  description = "Name of the job."
  type        = string
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the job."
  type        = string
}

variable "schedule" {
  description = "When the job is started and by which account; null starts it by hand or by an event."
  type = object({
    cron            = string
    paused          = optional(bool, false)
    service_account = string
    time_zone       = optional(string, "Etc/UTC")
  })
  default = null

  validation {
    condition     = try(length(split(" ", var.schedule.cron)) == 5, true)
    error_message = "A schedule has five fields, such as '*/5 * * * *'."
  }
}

variable "service_account" {
  description = "E-mail address of the account that the job runs as."
  type        = string
}

variable "subnetwork" {
  description = "Subnetwork that all traffic of the job leaves through; null uses Google's."
  type        = string
  default     = null
}

variable "timeout_minutes" {
  description = "Minutes after which a run is stopped."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout_minutes >= 1 && var.timeout_minutes <= 1440
    error_message = "A run may take 1 minute to 24 hours."
  }
}
