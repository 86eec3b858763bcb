variable "amount" {
  description = "What the project may cost a month, in whole units of the currency."
  type        = number

  validation {
    condition     = var.amount >= 1 && floor(var.amount) == var.amount
    error_message = "The amount must be a whole number above 0."
  }
}

variable "billing_account" {
  description = "Id of the billing account, such as 012345-6789AB-CDEF01."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "A billing account's id looks like 012345-6789AB-CDEF01; `gcloud billing accounts list` shows yours."
  }
}

variable "channels" {
  description = "Full names of at most 5 notification channels; without any, the account's administrators hear."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.channels) <= 5
    error_message = "A budget tells at most 5 channels."
  }
}

variable "currency" {
  description = "Currency of the billing account."
  type        = string
  default     = "USD"
}

variable "name" {
  description = "Display name of the budget."
  type        = string
}

variable "project_number" {
  description = "Number of the project whose costs count."
  type        = string
}

variable "thresholds" {
  description = "Shares of the amount at which someone is told."
  type        = list(number)
  default     = [0.5, 0.8, 1]

  validation {
    condition     = alltrue([for share in var.thresholds : share > 0 && share <= 10])
    error_message = "A threshold is a share of the amount, such as 0.8 for 80 %."
  }
}
