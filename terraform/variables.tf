variable "github" {
  description = "The template's repository on GitHub, the installation of Cloud Build's app there, and the secret with a token."
  type = object({
    app_installation_id = number
    repository          = string
    token_secret        = optional(string, "github-token")
  })
}

variable "project_id" {
  description = "Id of the Google Cloud project that runs the builds."
  type        = string
}

variable "region" {
  description = "Region of the builds and of their image."
  type        = string
  default     = "us-central1"
}
