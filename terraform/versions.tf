terraform {
  required_version = ">= 1.11"

  # terraform init -backend-config=bucket=NAME-OF-A-BUCKET
  backend "gcs" {
    prefix = "template-ci"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 9.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.0, < 9.0"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}

provider "google-beta" {
  project = var.project_id
  region  = var.region
}
