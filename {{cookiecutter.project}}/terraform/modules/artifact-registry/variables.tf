variable "delete_untagged_after_days" {
  description = "Days after which a version without a tag is deleted, unless it is among the newest."
  type        = number
  default     = 30
}

variable "description" {
  description = "What the repository holds."
  type        = string
}

variable "format" {
  description = "DOCKER for images, KFP for compiled pipelines."
  type        = string
  default     = "DOCKER"

  validation {
    condition     = contains(["DOCKER", "KFP"], var.format)
    error_message = "The format must be DOCKER or KFP."
  }
}

variable "grants" {
  description = "Who may do what with the repository, and why."
  type        = map(object({ member = string, reason = string, role = string }))
  default     = {}

  validation {
    condition = alltrue([
      for grant in values(var.grants) : !contains(["allUsers", "allAuthenticatedUsers"], grant.member)
    ])
    error_message = "The repository must not be public; name accounts, groups or people."
  }
}

variable "immutable_tags" {
  description = "Whether a tag of an image stays where it was put first; false suits a cache alone."
  type        = bool
  default     = true
}

variable "keep_count" {
  description = "How many versions of each package are kept in any case."
  type        = number
  default     = 20

  validation {
    condition     = var.keep_count >= 2
    error_message = "Keep at least 2 versions: the one that serves, and the one to roll back to."
  }
}

variable "kms_key" {
  description = "Full name of the key that encrypts the repository; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
}

variable "location" {
  description = "Region of the repository."
  type        = string
}

variable "name" {
  description = "Name of the repository."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.name))
    error_message = "A repository's name must be lower-case letters, digits and hyphens, at most 63."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "scan" {
  description = "Whether images are scanned for vulnerabilities, where Artifact Analysis is on (billed by image)."
  type        = bool
  default     = true
}
