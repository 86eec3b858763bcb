variable "emails" {
  description = "E-mail addresses that get the alerts."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "Name at least one address; an alert that nobody gets is none."
  }
}

variable "endpoint_id" {
  description = "Id of the endpoint that is watched."
  type        = string
}

variable "labels" {
  description = "Labels of policies and channels."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "What alerts and the dashboard are named after."
  type        = string
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "retrain_on_drift" {
  description = "Whether an alert on drift also asks whether a new model is due."
  type        = bool
  default     = false
}

variable "retraining_topic" {
  description = "Full name of the topic that starts the retraining job; needed with retrain_on_drift."
  type        = string
  default     = null
}

variable "runbook" {
  description = "Address of the page with a heading for each alert."
  type        = string

  validation {
    condition     = startswith(var.runbook, "https://")
    error_message = "The runbook's address must begin with https://."
  }
}

variable "thresholds" {
  description = "Bounds of the alerts: failed requests and busy replicas in percent, slow requests in milliseconds."
  type = object({
    cpu_percent   = optional(number, 85)
    error_percent = optional(number, 2)
    latency_ms    = optional(number, 500)
  })
  default = {}

  validation {
    condition = alltrue([
      var.thresholds.cpu_percent > 0, var.thresholds.cpu_percent < 100,
      var.thresholds.error_percent > 0, var.thresholds.error_percent < 100,
      var.thresholds.latency_ms > 0,
    ])
    error_message = "Percentages lie between 0 and 100, and a latency is above 0."
  }
}
