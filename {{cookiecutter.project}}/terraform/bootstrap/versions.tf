terraform {
  required_version = ">= 1.11"

  # its own state is small and stays with whoever applied it: everything here can be imported again
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 9.0"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}
