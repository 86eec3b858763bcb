output "grants" {
  description = "What is granted here, and why."
  value = {
    for key, grant in var.grants : "topic ${var.name} ${key}" => {
      member   = grant.member
      reason   = grant.reason
      resource = "topic ${google_pubsub_topic.this.name}"
      role     = grant.role
    }
  }
}

output "topic" {
  description = "Full name of the topic, projects/PROJECT/topics/NAME."
  value       = "projects/${var.project_id}/topics/${google_pubsub_topic.this.name}"
  # who uses the topic as a channel needs the publisher's role first
  depends_on = [google_pubsub_topic_iam_member.this]
}
