# Features that live in BigQuery, described once, and served online where that is asked for.

resource "google_vertex_ai_feature_group" "this" {
  for_each = var.feature_groups

  project     = var.project_id
  region      = var.region
  name        = each.key
  description = each.value.description
  labels      = var.labels

  big_query {
    entity_id_columns = each.value.entity_id_columns
    big_query_source {
      # a table or view whose column feature_timestamp says since when a row holds
      input_uri = "bq://${each.value.table}"
    }
  }
}

locals {
  features = merge([
    for group, content in var.feature_groups : {
      for feature, description in content.features : "${group}/${feature}" => {
        description = description
        feature     = feature
        group       = group
      }
    }
  ]...)
}

resource "google_vertex_ai_feature_group_feature" "this" {
  for_each = local.features

  project       = var.project_id
  region        = var.region
  feature_group = google_vertex_ai_feature_group.this[each.value.group].name
  name          = each.value.feature
  description   = each.value.description
  labels        = var.labels
}

resource "google_vertex_ai_feature_online_store" "this" {
  count = var.online_store == null ? 0 : 1

  project       = var.project_id
  region        = var.region
  name          = var.name
  labels        = var.labels
  force_destroy = var.force_destroy

  bigtable {
    auto_scaling {
      min_node_count         = var.online_store.min_node_count
      max_node_count         = var.online_store.max_node_count
      cpu_utilization_target = 50
    }
  }

  dynamic "encryption_spec" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = encryption_spec.value
    }
  }
}

resource "google_vertex_ai_feature_online_store_featureview" "this" {
  for_each = var.online_store == null ? {} : var.feature_groups

  project              = var.project_id
  region               = var.region
  name                 = each.key
  feature_online_store = google_vertex_ai_feature_online_store.this[0].name
  labels               = var.labels

  feature_registry_source {
    feature_groups {
      feature_group_id = google_vertex_ai_feature_group.this[each.key].name
      feature_ids      = sort([for key, item in local.features : google_vertex_ai_feature_group_feature.this[key].name if item.group == each.key])
    }
  }

  sync_config {
    cron = var.online_store.sync_cron
  }
}
