# A ring of keys that rotate.

resource "google_kms_key_ring" "this" {
  project  = var.project_id
  location = var.location
  name     = var.name
}

resource "google_kms_crypto_key" "this" {
  for_each = var.keys

  key_ring                   = google_kms_key_ring.this.id
  name                       = each.key
  labels                     = var.labels
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${var.rotation_days * 24 * 60 * 60}s"
  destroy_scheduled_duration = "${var.destroy_after_days * 24 * 60 * 60}s"

  # Without its key, what it encrypted is lost. Terraform cannot read this from a variable.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "this" {
  for_each = var.grants

  crypto_key_id = google_kms_crypto_key.this[each.value.key].id
  role          = each.value.role
  member        = each.value.member
}
