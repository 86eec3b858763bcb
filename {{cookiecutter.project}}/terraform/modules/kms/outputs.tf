output "grants" {
  description = "What is granted here, and why."
  value = {
    for key, grant in var.grants : "key ${key}" => {
      member   = grant.member
      reason   = grant.reason
      resource = "key ${grant.key}"
      role     = grant.role
    }
  }
}

output "keys" {
  description = "Full name of each key, by its name."
  value = {
    for name, key in google_kms_crypto_key.this :
    name => "projects/${var.project_id}/locations/${var.location}/keyRings/${google_kms_key_ring.this.name}/cryptoKeys/${key.name}"
  }
  # who encrypts with a key must be allowed to first
  depends_on = [google_kms_crypto_key_iam_member.this]
}
