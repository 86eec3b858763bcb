# A network without a way in, whose machines have no public address and reach Google privately.

locals {
  # names that Private Service Connect answers for, within this network only
  google_names = toset(["googleapis.com.", "pkg.dev."])
}

resource "google_compute_network" "this" {
  project                         = var.project_id
  name                            = var.name
  description                     = "Training, pipelines and jobs of ${var.name}."
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true
}

resource "google_compute_subnetwork" "this" {
  project                  = var.project_id
  region                   = var.region
  name                     = var.name
  description              = "Machines of ${var.name}."
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.subnet_range
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

# Dataflow's workers talk to each other; nothing else is let in.
resource "google_compute_firewall" "workers" {
  project                 = var.project_id
  name                    = "${var.name}-workers"
  description             = "Dataflow's workers exchange data."
  network                 = google_compute_network.this.id
  direction               = "INGRESS"
  source_service_accounts = var.worker_accounts
  target_service_accounts = var.worker_accounts

  allow {
    protocol = "tcp"
    ports    = ["12345-12346"]
  }

  log_config {
    metadata = "EXCLUDE_ALL_METADATA"
  }
}

resource "google_compute_global_address" "google" {
  project      = var.project_id
  name         = "${var.name}-google"
  description  = "Google's services, inside the network."
  address_type = "INTERNAL"
  purpose      = "PRIVATE_SERVICE_CONNECT"
  network      = google_compute_network.this.id
  address      = var.google_address
  labels       = var.labels
}

resource "google_compute_global_forwarding_rule" "google" {
  project = var.project_id
  # the name of such a rule has at most 20 letters and digits, and the rule has no labels
  name                  = "googleapis"
  target                = "all-apis"
  network               = google_compute_network.this.id
  ip_address            = google_compute_global_address.google.id
  load_balancing_scheme = ""
}

resource "google_dns_managed_zone" "google" {
  for_each = local.google_names

  project     = var.project_id
  name        = "${var.name}-${replace(trimsuffix(each.value, "."), ".", "-")}"
  description = "Sends ${each.value} to Private Service Connect."
  dns_name    = each.value
  labels      = var.labels
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "root" {
  for_each = google_dns_managed_zone.google

  project      = var.project_id
  managed_zone = each.value.name
  name         = each.key
  type         = "A"
  ttl          = 300
  rrdatas      = [var.google_address]
}

resource "google_dns_record_set" "below" {
  for_each = google_dns_managed_zone.google

  project      = var.project_id
  managed_zone = each.value.name
  name         = "*.${each.key}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.key]
}

# Through this, pipelines and training jobs of Vertex AI get an address in the network.
resource "google_compute_network_attachment" "vertex" {
  project               = var.project_id
  region                = var.region
  name                  = "${var.name}-vertex"
  description           = "Vertex AI's Private Service Connect interfaces."
  connection_preference = "ACCEPT_AUTOMATIC"
  subnetworks           = [google_compute_subnetwork.this.id]
}
