variable "name" {
  description = "Id of the pool."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]{4,32}$", var.name)) && !startswith(var.name, "gcp-")
    error_message = "A pool's id must be 4 to 32 lower-case letters, digits and hyphens, and not begin with gcp-."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "project_number" {
  description = "Number of the project."
  type        = string
}

variable "ref" {
  description = "The only branch or tag whose workflows get in."
  type        = string
  default     = "refs/heads/main"

  validation {
    condition     = startswith(var.ref, "refs/")
    error_message = "Give the whole name, such as refs/heads/main."
  }
}

variable "repository" {
  description = "The only repository whose workflows get in, as OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "Name the repository as OWNER/NAME."
  }
}

variable "service_account" {
  description = "E-mail address of the account that the workflows act as."
  type        = string
}
