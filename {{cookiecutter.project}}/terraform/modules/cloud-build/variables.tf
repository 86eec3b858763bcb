variable "cloud_build_agent" {
  description = "E-mail address of Cloud Build's own account, which reads the token."
  type        = string
}

variable "github" {
  description = "The repository, the installation of Cloud Build's GitHub app, and the secret with a token of GitHub."
  type = object({
    app_installation_id = number
    repository          = string
    token_secret        = string
  })

  validation {
    condition     = can(regex("^https://github\\.com/[^/]+/[^/]+\\.git$", var.github.repository))
    error_message = "Name the repository as https://github.com/OWNER/NAME.git."
  }
}

variable "name" {
  description = "Name of the connection and of the repository in Cloud Build."
  type        = string
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the builds."
  type        = string
}

variable "triggers" {
  description = "What starts a build, and as which account it runs: a pull request to a branch, a push to a branch or a tag, each a regular expression, or a person or another build by hand."
  type = map(object({
    approval        = optional(bool, false)
    branch          = optional(string)
    description     = string
    filename        = optional(string, "cloudbuild.yaml")
    manual          = optional(bool, false)
    pull_request    = optional(string)
    service_account = string
    substitutions   = optional(map(string), {})
    tag             = optional(string)
  }))

  validation {
    condition     = alltrue([for trigger in values(var.triggers) : length(compact([trigger.branch, trigger.manual ? "by hand" : null, trigger.pull_request, trigger.tag])) == 1])
    error_message = "Each trigger needs exactly one of branch, manual, pull_request and tag."
  }
  validation {
    condition     = alltrue(flatten([for trigger in values(var.triggers) : [for key in keys(trigger.substitutions) : can(regex("^_[A-Z0-9_]+$", key))]]))
    error_message = "A substitution's name must begin with an underscore, in capitals, such as _ENVIRONMENT."
  }
}
