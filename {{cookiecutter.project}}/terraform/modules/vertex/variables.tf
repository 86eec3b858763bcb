variable "dedicated" {
  description = "Whether the endpoint answers at a host name of its own; it is then refused at the shared one, so callers must know."
  type        = bool
  default     = false

  validation {
    condition     = !(var.dedicated && var.network != null)
    error_message = "An endpoint in a network has no host name of its own."
  }
}

variable "description" {
  description = "What the model behind the endpoint does."
  type        = string
  default     = "Deployed models and their traffic belong to releases, not to Terraform."
}

variable "endpoint_id" {
  description = "Id of the endpoint: a number of at most 10 digits."
  type        = string
  default     = "1000"

  validation {
    condition     = can(regex("^[1-9][0-9]{0,9}$", var.endpoint_id))
    error_message = "An endpoint's id must be 1 to 10 digits without a leading zero."
  }
}

variable "grants" {
  description = "Who may do what with the endpoint, and why."
  type        = map(object({ member = string, reason = string, role = string }))
  default     = {}

  validation {
    condition = alltrue([
      for grant in values(var.grants) : !contains(["allUsers", "allAuthenticatedUsers"], grant.member)
    ])
    error_message = "The endpoint must not be public; name accounts, groups or people."
  }
}

variable "kms_key" {
  description = "Full name of the key that encrypts models and metadata; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the endpoint and of the TensorBoard."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Display name of the endpoint, by which releases find it."
  type        = string
}

variable "network" {
  description = "Peered network that the endpoint answers in, as projects/NUMBER/global/networks/NAME; null makes a public one."
  type        = string
  default     = null

  validation {
    condition     = var.network == null || can(regex("^projects/[0-9]+/global/networks/", var.network))
    error_message = "Name the network by the number of its project: projects/NUMBER/global/networks/NAME."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the endpoint."
  type        = string
}

variable "request_log" {
  description = "Table PROJECT.DATASET.TABLE that requests and responses are logged to, and the share of them; null logs none."
  type        = object({ sampling_rate = number, table = string })
  default     = null

  validation {
    condition     = try(var.request_log.sampling_rate > 0 && var.request_log.sampling_rate <= 1, true)
    error_message = "The sampling rate must be above 0 and at most 1, such as 0.1 for one request in ten."
  }
  validation {
    condition     = try(length(split(".", var.request_log.table)) == 3, true)
    error_message = "Name the table as PROJECT.DATASET.TABLE."
  }
}
