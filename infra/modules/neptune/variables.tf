variable "name" {
  description = "What every name begins with"
  type        = string
}

variable "lake" {
  description = "The lake module: the key, and where builds are"
  type = object({
    key_arn         = string
    bucket_arns     = map(string)
    handover_bucket = string
  })
}

variable "loader" {
  description = "The loader module: what its tasks are made of, and who they are"
  type = object({
    container         = string
    image             = string
    log_group         = string
    security_group_id = string
    start_role_arn    = string
    task_role         = string
  })
}

variable "network" {
  description = "Where the instances are: a VPC, and subnets in two zones or more"
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
}

variable "route_table_ids" {
  description = "The subnets' route tables, which get the way to S3; none if they have it already"
  type        = set(string)
  default     = []
}

variable "clients" {
  description = "Who may connect besides the loader: security groups by what they are"
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.clients) : startswith(id, "sg-")]) && !contains(keys(var.clients), "loader")
    error_message = "Security groups (sg-…) by name, and none is named loader."
  }
}

variable "size" {
  description = "The capacity between which each instance moves, in Neptune's units (2 GiB of memory each), and how many instances there are: the first one writes"
  type = object({
    min_ncu   = number
    max_ncu   = number
    instances = number
  })

  validation {
    condition = (
      var.size.min_ncu >= 1 && var.size.max_ncu >= max(2.5, var.size.min_ncu) && var.size.max_ncu <= 128 &&
      alltrue([for bound in [var.size.min_ncu, var.size.max_ncu] : floor(2 * bound) == 2 * bound])
    )
    error_message = "From 1 unit to 128, in halves; the upper bound is 2.5 at least, and not below the lower one."
  }

  validation {
    condition     = var.size.instances >= 1 && var.size.instances <= 16 && floor(var.size.instances) == var.size.instances
    error_message = "One instance writes, and fifteen at most read."
  }
}

variable "engine_version" {
  description = "Neptune's release"
  type        = string
  default     = "1.4.7.0"

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+){3}$", var.engine_version))
    error_message = "A release has four numbers, such as 1.4.7.0."
  }
}

variable "query_timeout_s" {
  description = "How long a query may take: the load counts the whole graph"
  type        = number
  default     = 1200

  validation {
    condition     = var.query_timeout_s >= 1 && floor(var.query_timeout_s) == var.query_timeout_s
    error_message = "Whole seconds, one at least."
  }
}

variable "slow_query_ms" {
  description = "From how many milliseconds on a query is logged as slow"
  type        = number
  default     = 5000

  validation {
    condition     = var.slow_query_ms >= 1 && floor(var.slow_query_ms) == var.slow_query_ms
    error_message = "Whole milliseconds, one at least."
  }
}

variable "backup_days" {
  description = "How many days of backups are kept"
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35 && floor(var.backup_days) == var.backup_days
    error_message = "Neptune keeps backups for 1 to 35 days."
  }
}

variable "backup_window" {
  description = "When the daily backup is made, in UTC: not while the night loads"
  type        = string
  default     = "12:00-13:00"

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_window))
    error_message = "Two times of day such as 12:00-13:00."
  }
}

variable "log_days" {
  description = "How long logs are kept"
  type        = number
}

variable "topic_arn" {
  description = "Where alarms are reported"
  type        = string
}

variable "protected" {
  description = "Whether the cluster is protected from deletion and leaves a last snapshot, and changes wait for its maintenance"
  type        = bool
  default     = true
}
