# What the template's own CI needs on Cloud Build. It is made of the modules that the template
# generates for others, so that they are in daily use here.

module "services" {
  source = "../{{cookiecutter.project}}/terraform/modules/services"

  project_id = var.project_id
  services = [
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "secretmanager.googleapis.com",
  ]
}

module "iam" {
  source = "../{{cookiecutter.project}}/terraform/modules/iam"

  accounts   = { template-ci = "Runs the builds of the template; reaches nothing but its images." }
  project_id = var.project_id
  project_grants = {
    "template-ci logs" = {
      account = "template-ci"
      reason  = "A build with an account of its own writes its log itself; logs have no policy of their own."
      role    = "roles/logging.logWriter"
    }
  }

  depends_on = [module.services]
}

module "images" {
  source = "../{{cookiecutter.project}}/terraform/modules/artifact-registry"

  description = "The image that the template's builds run in."
  # the builder is looked up by its newest tag, and is built again for each new version of it
  immutable_tags = false
  keep_count     = 5
  location       = var.region
  name           = "template-ci"
  project_id     = var.project_id
  grants = {
    "template-ci writes" = {
      member = "serviceAccount:${module.iam.accounts["template-ci"]}"
      reason = "Builds run in the builder image, and one of them makes it."
      role   = "roles/artifactregistry.writer"
    }
  }

  depends_on = [module.services]
}

module "cloud_build" {
  source = "../{{cookiecutter.project}}/terraform/modules/cloud-build"

  cloud_build_agent = module.services.agents["cloudbuild.googleapis.com"]
  github            = var.github
  name              = "cookiecutter-vertex-mlops"
  project_id        = var.project_id
  region            = var.region
  triggers = {
    builder = {
      description     = "Makes the builder image; started by hand when infra/builder has changed."
      filename        = "infra/builder/cloudbuild.yaml"
      manual          = true
      service_account = module.iam.accounts["template-ci"]
    }
    main = {
      branch          = "^main$"
      description     = "Tests the template, what it generates, and localcloud."
      service_account = module.iam.accounts["template-ci"]
    }
    nightly = {
      description     = "Tests with the newest dependencies; a schedule starts it."
      filename        = "cloudbuild/nightly.yaml"
      manual          = true
      service_account = module.iam.accounts["template-ci"]
    }
    pull-request = {
      description     = "Tests what is proposed."
      pull_request    = "^main$"
      service_account = module.iam.accounts["template-ci"]
    }
  }
}
