variable "delete_after_days" {
  description = "Days after which objects are deleted, by the prefix of their names."
  type        = map(number)
  default     = {}
}

variable "delete_noncurrent_after_days" {
  description = "Days for which a replaced or deleted object can be restored."
  type        = number
  default     = 7

  validation {
    condition     = var.delete_noncurrent_after_days >= 1
    error_message = "At least one day; to keep no old versions, set versioning = false."
  }
}

variable "folders" {
  description = "Folders, such as releases/, with grants of their own: who may do what in them, and why."
  type        = map(map(object({ member = string, reason = string, role = string })))
  default     = {}

  validation {
    condition     = alltrue([for folder in keys(var.folders) : endswith(folder, "/")])
    error_message = "A folder's name must end in a slash, such as releases/."
  }
}

variable "force_destroy" {
  description = "Whether the bucket may be destroyed with objects in it."
  type        = bool
  default     = false
}

variable "grants" {
  description = "Who may do what with the bucket, and why."
  type        = map(object({ member = string, reason = string, role = string }))
  default     = {}

  validation {
    condition = alltrue([
      for grant in values(var.grants) : !contains(["allUsers", "allAuthenticatedUsers"], grant.member)
    ])
    error_message = "The bucket must not be public; name accounts, groups or people."
  }
}

variable "kms_key" {
  description = "Full name of the key that encrypts the objects; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
}

variable "location" {
  description = "Region of the bucket."
  type        = string
}

variable "log_bucket" {
  description = "Name of a bucket that gets the access logs; null writes none."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the bucket, unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "A bucket's name must be 3 to 63 lower-case letters, digits, dots, hyphens and underscores."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "soft_delete_days" {
  description = "Days for which a deleted object can be restored; 0 makes erasure final."
  type        = number
  default     = 0

  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "Google allows 0, or 7 to 90 days."
  }
}

variable "versioning" {
  description = "Whether replaced objects are kept for some days."
  type        = bool
  default     = true
}
