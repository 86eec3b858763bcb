output "feature_groups" {
  description = "Id of each feature group, by its name."
  value       = { for name, group in google_vertex_ai_feature_group.this : name => group.id }
}

output "online_store" {
  description = "Name of the online store; null when there is none."
  value       = one(google_vertex_ai_feature_online_store.this[*].name)
}
