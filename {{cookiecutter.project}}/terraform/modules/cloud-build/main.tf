# The repository on GitHub, and what happens when something is pushed to it.

resource "google_secret_manager_secret_iam_member" "this" {
  project   = var.project_id
  secret_id = var.github.token_secret
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${var.cloud_build_agent}"
}

resource "google_cloudbuildv2_connection" "this" {
  project  = var.project_id
  location = var.region
  name     = var.name

  github_config {
    app_installation_id = var.github.app_installation_id
    authorizer_credential {
      oauth_token_secret_version = "projects/${var.project_id}/secrets/${var.github.token_secret}/versions/latest"
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.this]
}

resource "google_cloudbuildv2_repository" "this" {
  project           = var.project_id
  location          = var.region
  name              = var.name
  parent_connection = google_cloudbuildv2_connection.this.name
  remote_uri        = var.github.repository
}

resource "google_cloudbuild_trigger" "this" {
  for_each = var.triggers

  project         = var.project_id
  location        = var.region
  name            = each.key
  description     = each.value.description
  filename        = each.value.manual ? null : each.value.filename
  service_account = "projects/${var.project_id}/serviceAccounts/${each.value.service_account}"
  substitutions   = each.value.substitutions
  # who may see the pull request may see why it failed
  include_build_logs = each.value.pull_request == null ? null : "INCLUDE_BUILD_LOGS_WITH_STATUS"

  dynamic "repository_event_config" {
    for_each = each.value.manual ? [] : [each.value]
    content {
      repository = google_cloudbuildv2_repository.this.id

      dynamic "pull_request" {
        for_each = each.value.pull_request[*]
        content {
          branch = pull_request.value
          # a stranger's pull request runs nothing until someone of the team comments /gcbrun
          comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
        }
      }

      dynamic "push" {
        for_each = each.value.pull_request == null ? [each.value] : []
        content {
          branch = push.value.branch
          tag    = push.value.tag
        }
      }
    }
  }

  dynamic "source_to_build" {
    for_each = each.value.manual ? [true] : []
    content {
      repository = google_cloudbuildv2_repository.this.id
      ref        = "refs/heads/main"
      repo_type  = "GITHUB"
    }
  }

  dynamic "git_file_source" {
    for_each = each.value.manual ? [true] : []
    content {
      repository = google_cloudbuildv2_repository.this.id
      path       = each.value.filename
      revision   = "refs/heads/main"
      repo_type  = "GITHUB"
    }
  }

  approval_config {
    approval_required = each.value.approval
  }
}
