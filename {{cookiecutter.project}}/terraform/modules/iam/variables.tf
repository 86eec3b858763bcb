variable "account_grants" {
  description = "Who may act as which account, and why; `on` and `account` name accounts of this module."
  type = map(object({
    account = optional(string)
    member  = optional(string)
    on      = string
    reason  = string
    role    = optional(string, "roles/iam.serviceAccountUser")
  }))
  default = {}
}

variable "accounts" {
  description = "What each service account does, by its id."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in keys(var.accounts) : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", id))])
    error_message = "An account's id must be 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "audited_services" {
  description = "Services whose data's every reading and writing is logged (billed by the logs), such as storage.googleapis.com."
  type        = set(string)
  default     = []
}

variable "custom_roles" {
  description = "Roles made for this project, by their id, where Google has none that is narrow enough."
  type = map(object({
    description = string
    permissions = set(string)
    title       = string
  }))
  default = {}

  validation {
    condition     = alltrue([for id in keys(var.custom_roles) : can(regex("^[a-zA-Z0-9_.]{3,64}$", id))])
    error_message = "A custom role's id must be 3 to 64 letters, digits, underscores and dots."
  }
}

variable "project_grants" {
  description = "Roles on the whole project, each with the reason why nothing narrower does."
  type = map(object({
    account   = optional(string)
    condition = optional(object({ expression = string, title = string }))
    member    = optional(string)
    reason    = string
    role      = string
  }))
  default = {}

  validation {
    condition = alltrue([
      for grant in values(var.project_grants) : !contains(["roles/owner", "roles/editor", "roles/viewer"], grant.role)
    ])
    error_message = "Owner, editor and viewer hold thousands of permissions; choose the role of one service."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}
