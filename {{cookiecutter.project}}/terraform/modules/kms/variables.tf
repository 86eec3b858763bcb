variable "destroy_after_days" {
  description = "Days for which a destroyed key version can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.destroy_after_days >= 1 && var.destroy_after_days <= 120
    error_message = "Google allows 1 to 120 days."
  }
}

variable "grants" {
  description = "Who may use which key, and why."
  type        = map(object({ key = string, member = string, reason = string, role = string }))
  default     = {}
}

variable "keys" {
  description = "Names of the keys."
  type        = set(string)
}

variable "labels" {
  description = "Labels of the keys."
  type        = map(string)
  default     = {}
}

variable "location" {
  description = "Region of the keys: that of the data."
  type        = string
}

variable "name" {
  description = "Name of the ring; it can never be deleted, nor its name be used again."
  type        = string
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "rotation_days" {
  description = "Days after which a key gets a new version."
  type        = number
  default     = 90

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365
    error_message = "Rotate a key at least once a year."
  }
}
