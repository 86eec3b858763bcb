variable "alert_emails" {
  description = "E-mail addresses that get the alerts."
  type        = set(string)
}

variable "alert_thresholds" {
  description = "Bounds of the alerts: failed requests and busy replicas in percent, slow requests in milliseconds."
  type = object({
    cpu_percent   = optional(number, 85)
    error_percent = optional(number, 2)
    latency_ms    = optional(number, 500)
  })
  default = {}
}

variable "audit_data_access" {
  description = "Whether every reading of models, tables and objects is logged (billed by the logs)."
  type        = bool
  default     = false
}

variable "billing" {
  description = "Billing account of the project and what it may cost a month; null sets no budget."
  type = object({
    account  = string
    amount   = number
    currency = optional(string, "USD")
  })
  default = null
}

variable "builds" {
  description = "Whether images are built here; elsewhere they are only brought."
  type        = bool
  default     = true
}

variable "callers" {
  description = "Who may ask the endpoint for predictions, and why."
  type        = map(object({ member = string, reason = string }))
  default     = {}
}

variable "cloud_build" {
  description = "The repository on GitHub and what a push to it starts; null leaves delivery to someone else."
  type = object({
    github = object({
      app_installation_id = number
      repository          = string
      token_secret        = optional(string, "github-token")
    })
    triggers = map(object({
      account       = string
      approval      = optional(bool, false)
      branch        = optional(string)
      description   = string
      filename      = optional(string, "cloudbuild.yaml")
      manual        = optional(bool, false)
      pull_request  = optional(string)
      substitutions = optional(map(string), {})
      tag           = optional(string)
    }))
  })
  default = null
}

variable "cmek" {
  description = "Whether data is encrypted with a key of one's own instead of Google's."
  type        = bool
  default     = false
}

variable "dataflow" {
  description = "Whether the pipelines may run Beam on Dataflow."
  type        = bool
  default     = true
}

variable "dedicated_endpoint" {
  description = "Whether the endpoint answers at a host name of its own; it is then refused at the shared one, so callers must know."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy what holds data."
  type        = bool
  default     = true
}

variable "endpoint_id" {
  description = "Id of the endpoint: a number of at most 10 digits."
  type        = string
  default     = "1000"
}

variable "environment" {
  description = "Name of the environment, as in config/."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment must be dev, staging or prod."
  }
}

variable "feature_store" {
  description = "Feature groups over BigQuery tables, and nodes that serve them online; null makes none."
  type = object({
    feature_groups = map(object({
      description       = string
      entity_id_columns = list(string)
      features          = map(string)
      table             = string
    }))
    online_store = optional(object({
      max_node_count = optional(number, 3)
      min_node_count = optional(number, 1)
      sync_cron      = optional(string, "0 * * * *")
    }))
  })
  default = null
}

variable "labels" {
  description = "More labels for everything that has labels."
  type        = map(string)
  default     = {}
}

variable "monitoring_schedule" {
  description = "When the deployed model is judged by its requests, as cron fields in UTC."
  type = object({
    cron   = optional(string, "20 * * * *")
    paused = optional(bool, false)
  })
  default = {}
}

variable "name" {
  description = "Name of the product: of its endpoint, model and alerts."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}[a-z0-9]$", var.name))
    error_message = "The name must be 3 to 22 lower-case letters, digits and hyphens, as in config/base.yaml."
  }
}

variable "network" {
  description = "Addresses of a network of one's own for jobs; null uses Google's."
  type = object({
    google_address = optional(string, "10.255.255.254")
    subnet_range   = optional(string, "10.0.0.0/22")
  })
  default = null
}

variable "privacy" {
  description = "What counts as personal data, how often it is looked for, the wrapped key of the pseudonyms, and who may hide and erase."
  type = object({
    discovery   = optional(bool, false)
    info_types  = optional(set(string))
    officers    = optional(set(string), [])
    paused      = optional(bool, false)
    scan_days   = optional(number, 1)
    wrapped_key = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for member in var.privacy.officers : can(regex("^(user|group):[^@]+@[^@]+$", member))])
    error_message = "Name officers as user:NAME@DOMAIN or group:NAME@DOMAIN."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project's id must be 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "promoted_to" {
  description = "Ids of the projects that get the images and pipelines which were tested here; their accounts must be there."
  type        = set(string)
  default     = []
}

variable "region" {
  description = "Region of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Give a region, such as europe-west4, not a zone or a continent."
  }
}

variable "release_schedule" {
  description = "When the release controller looks for a release to go on with, as cron fields in UTC."
  type = object({
    cron   = optional(string, "*/5 * * * *")
    paused = optional(bool, false)
  })
  default = {}
}

variable "request_sampling_rate" {
  description = "Share of the requests that are logged: 0 logs none, 1 all."
  type        = number
  default     = 1

  validation {
    condition     = var.request_sampling_rate >= 0 && var.request_sampling_rate <= 1
    error_message = "A share lies between 0 and 1."
  }
}

variable "retention" {
  description = "Days for which things are kept."
  type = object({
    findings_days         = optional(number, 90)
    predictions_days      = optional(number, 30)
    replaced_objects_days = optional(number, 7)
    requests_days         = optional(number, 30)
  })
  default = {}

  validation {
    condition     = alltrue([for days in values(var.retention) : days >= 1])
    error_message = "Each retention must be at least one day."
  }
}

variable "retrain_on_drift" {
  description = "Whether an alert on drift starts the retraining job at once; else its schedule alone does."
  type        = bool
  default     = false
}

variable "runbook" {
  description = "Address of the page with a heading for each alert."
  type        = string
}

variable "scan_images" {
  description = "Whether images are scanned for vulnerabilities (billed by image)."
  type        = bool
  default     = true
}

variable "table_location" {
  description = "Location of the table that config/features.yaml names: a region, or US or EU."
  type        = string
  default     = "US"

  validation {
    condition     = can(regex("^([a-z]+-[a-z]+[0-9]+|US|EU)$", var.table_location))
    error_message = "Give a region, such as europe-west4, or US or EU."
  }
}

variable "workload_identity" {
  description = "GitHub repository, as OWNER/NAME, whose workflows act as the account of builds; null lets none."
  type = object({
    ref        = optional(string, "refs/heads/main")
    repository = string
  })
  default = null
}
