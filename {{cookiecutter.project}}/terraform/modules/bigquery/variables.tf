variable "dataset_id" {
  description = "Name of the dataset."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_]+$", var.dataset_id))
    error_message = "A dataset's name may hold letters, digits and underscores only."
  }
}

variable "delete_contents_on_destroy" {
  description = "Whether the dataset may be destroyed with tables in it."
  type        = bool
  default     = false
}

variable "description" {
  description = "What the dataset holds."
  type        = string
}

variable "grants" {
  description = "Who may do what with the dataset, and why."
  type        = map(object({ member = string, reason = string, role = string }))
  default     = {}

  validation {
    condition = alltrue([
      for grant in values(var.grants) : !contains(["allUsers", "allAuthenticatedUsers"], grant.member)
    ])
    error_message = "The dataset must not be public; name accounts, groups or people."
  }
}

variable "kms_key" {
  description = "Full name of the key that encrypts the tables; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the dataset and its tables."
  type        = map(string)
  default     = {}
}

variable "location" {
  description = "Region of the dataset."
  type        = string
}

variable "partition_expiration_days" {
  description = "Days after which a partition is deleted; null keeps partitions."
  type        = number
  default     = null
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "table_expiration_days" {
  description = "Days after which a table is deleted; null keeps tables."
  type        = number
  default     = null
}

variable "tables" {
  description = "Tables of the dataset by name, with BigQuery's JSON schema and the column of time that partitions them."
  type = map(object({
    clustering   = optional(list(string))
    description  = string
    partition_by = optional(string)
    schema = list(object({
      description = string
      mode        = optional(string, "NULLABLE")
      name        = string
      type        = string
    }))
  }))
  default = {}
}

variable "time_travel_hours" {
  description = "Hours for which deleted rows can still be queried: 48 to 168, in whole days."
  type        = number
  default     = 48

  validation {
    condition     = contains([48, 72, 96, 120, 144, 168], var.time_travel_hours)
    error_message = "BigQuery allows 48, 72, 96, 120, 144 or 168 hours."
  }
}
