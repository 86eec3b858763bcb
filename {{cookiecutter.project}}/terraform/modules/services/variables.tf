variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "services" {
  description = "Names of the services to enable, such as aiplatform.googleapis.com."
  type        = set(string)

  validation {
    condition     = alltrue([for service in var.services : endswith(service, ".googleapis.com")])
    error_message = "Each service must end in .googleapis.com, such as aiplatform.googleapis.com."
  }
}
