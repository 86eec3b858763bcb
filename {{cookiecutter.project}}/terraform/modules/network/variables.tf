variable "google_address" {
  description = "Internal address for Google's services; it must lie outside every subnetwork."
  type        = string
  default     = "10.255.255.254"

  validation {
    condition     = can(cidrhost("${var.google_address}/32", 0))
    error_message = "Give an IPv4 address, such as 10.255.255.254."
  }
}

variable "labels" {
  description = "Labels of the address and the DNS zones; networks have none."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the network and the subnetwork."
  type        = string
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the subnetwork."
  type        = string
}

variable "subnet_range" {
  description = "Addresses of the subnetwork, in CIDR notation."
  type        = string
  default     = "10.0.0.0/22"

  validation {
    condition     = can(cidrhost(var.subnet_range, 0)) && try(tonumber(split("/", var.subnet_range)[1]) <= 28, false)
    error_message = "Give an IPv4 range of at least 16 addresses, such as 10.0.0.0/22."
  }
}

variable "worker_accounts" {
  description = "E-mail addresses of the accounts that Dataflow's workers run as."
  type        = set(string)
}
