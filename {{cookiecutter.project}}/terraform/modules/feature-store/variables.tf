variable "feature_groups" {
  description = "Groups of features by name: their table PROJECT.DATASET.TABLE, its key, and what each feature means."
  type = map(object({
    description       = string
    entity_id_columns = list(string)
    features          = map(string)
    table             = string
  }))

  validation {
    condition     = alltrue([for group in values(var.feature_groups) : length(split(".", group.table)) == 3])
    error_message = "Name each table as PROJECT.DATASET.TABLE."
  }
  validation {
    condition     = alltrue([for name in keys(var.feature_groups) : can(regex("^[a-z_][a-z0-9_]{0,59}$", name))])
    error_message = "A feature group's name must be lower-case letters, digits and underscores, at most 60."
  }
}

variable "force_destroy" {
  description = "Whether the online store may be destroyed with feature views in it."
  type        = bool
  default     = false
}

variable "kms_key" {
  description = "Full name of the key that encrypts the online store; null leaves that to Google."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of groups, features and stores."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the online store."
  type        = string
  default     = "features"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,59}$", var.name))
    error_message = "An online store's name must be lower-case letters, digits and underscores, at most 60."
  }
}

variable "online_store" {
  description = "Nodes that serve features online, and when they are filled; null serves none and costs nothing."
  type = object({
    max_node_count = optional(number, 3)
    min_node_count = optional(number, 1)
    sync_cron      = optional(string, "0 * * * *")
  })
  default = null

  validation {
    condition     = try(var.online_store.min_node_count >= 1 && var.online_store.max_node_count >= var.online_store.min_node_count, true)
    error_message = "An online store needs at least one node, and no fewer at most than at least."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the feature store: that of its tables."
  type        = string
}
