variable "bucket" {
  description = "Name of the bucket with training data that is scanned; null scans none."
  type        = string
  default     = null
}

variable "discovery" {
  description = "Whether all tables of the project are profiled (billed by what is profiled)."
  type        = bool
  default     = false
}

variable "findings_dataset" {
  description = "Dataset that gets the findings: where and of which type, never the value."
  type        = string
}

variable "info_types" {
  description = "DLP's names of what counts as personal data."
  type        = set(string)
  default = [
    "CREDIT_CARD_NUMBER",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "IP_ADDRESS",
    "PERSON_NAME",
    "PHONE_NUMBER",
    "STREET_ADDRESS",
    "US_SOCIAL_SECURITY_NUMBER",
  ]
  nullable = false

  validation {
    condition     = length(var.info_types) > 0 && alltrue([for name in var.info_types : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "Name at least one of DLP's types, such as EMAIL_ADDRESS."
  }
}

variable "min_likelihood" {
  description = "From which likelihood on something counts as a finding."
  type        = string
  default     = "POSSIBLE"

  validation {
    condition     = contains(["VERY_UNLIKELY", "UNLIKELY", "POSSIBLE", "LIKELY", "VERY_LIKELY"], var.min_likelihood)
    error_message = "Choose VERY_UNLIKELY, UNLIKELY, POSSIBLE, LIKELY or VERY_LIKELY."
  }
}

variable "name" {
  description = "Id of the templates, and what the scans' ids begin with."
  type        = string
}

variable "paused" {
  description = "Whether the scans wait; by hand they can be started all the same."
  type        = bool
  default     = false
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "pseudonym_key" {
  description = "Key of KMS, and the AES key that it wrapped, as base64, from which pseudonyms are made; null makes none."
  type        = object({ kms_key = string, wrapped_key = string })
  default     = null

  validation {
    condition     = var.pseudonym_key == null || can(regex("^[A-Za-z0-9+/]+={0,2}$", var.pseudonym_key.wrapped_key))
    error_message = "The wrapped key must be base64, as the README's command prints it."
  }
}

variable "pseudonymised" {
  description = "Which of info_types become pseudonyms, where there is a key."
  type        = set(string)
  default     = ["EMAIL_ADDRESS", "PERSON_NAME", "PHONE_NUMBER"]
}

variable "region" {
  description = "Region of the templates and scans: that of the data."
  type        = string
}

variable "request_log" {
  description = "Table PROJECT.DATASET.TABLE of logged requests that is scanned; null scans none."
  type        = string
  default     = null

  validation {
    condition     = var.request_log == null || can(regex("^[^.]+\\.[^.]+\\.[^.]+$", var.request_log))
    error_message = "Name the table as PROJECT.DATASET.TABLE."
  }
}

variable "sample_percent" {
  description = "Percent of each new file's bytes that a scan reads; of the table it reads all new rows."
  type        = number
  default     = 10

  validation {
    condition     = var.sample_percent > 0 && var.sample_percent <= 100
    error_message = "A sample is above 0 and at most 100 percent."
  }
}

variable "scan_days" {
  description = "Days between two scans."
  type        = number
  default     = 1

  validation {
    condition     = var.scan_days >= 1 && var.scan_days <= 60
    error_message = "DLP allows 1 to 60 days."
  }
}
