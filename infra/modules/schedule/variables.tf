variable "name" {
  description = "What every name begins with"
  type        = string
}

variable "lake" {
  description = "The lake module: the crawlers, the key, where a store is handed over"
  type = object({
    key_arn         = string
    handover_bucket = string
    crawlers        = map(string)
    crawler_arns    = list(string)
  })
}

variable "loader" {
  description = "The loader module: the task and the bake"
  type = object({
    cluster_arn       = string
    cluster_name      = string
    task_family       = string
    task_arn          = string
    container         = string
    role_arns         = list(string)
    memory_mb         = number
    security_group_id = string
    bake_name         = string
    bake_arn          = string
    graph_repository = object({
      arn  = string
      name = string
      tag  = string
    })
  })
}

variable "readers" {
  description = "The readers module: the service that is rolled over; null if the graph goes to Neptune"
  type = object({
    cluster_arn             = string
    cluster_name            = string
    container               = string
    service_name            = string
    service_arn             = string
    balancer_arn_suffix     = string
    target_group_arn_suffix = string
  })
  default = null

  validation {
    condition     = (var.readers == null) != (var.neptune == null)
    error_message = "The graph goes to the readers or to Neptune."
  }
}

variable "neptune" {
  description = "The neptune module: the cluster that is loaded; null if the graph goes to the readers"
  type = object({
    builds_uri    = string
    endpoint      = string
    read_role_arn = string
    task_family   = string
    task_arn      = string
    role_arns     = list(string)
  })
  default = null
}

variable "network" {
  description = "Where the task runs"
  type = object({
    subnet_ids = list(string)
    public_ip  = bool
  })
}

variable "nightly" {
  description = "When the build starts and when it must be done, as HH:MM in a named time zone"
  type = object({
    time_zone = string
    start     = string
    deadline  = string
  })

  validation {
    condition     = can(regex("^([A-Z][A-Za-z_]+/[A-Za-z_/+-]+|UTC)$", var.nightly.time_zone))
    error_message = "A time zone of the IANA database, such as Europe/Berlin, or UTC."
  }
}

variable "attempts" {
  description = "How often the load is tried if a retry can help"
  type        = number
  default     = 3

  validation {
    condition     = var.attempts >= 1 && var.attempts <= 5
    error_message = "One to five attempts."
  }
}

variable "crawlers_at_once" {
  description = "How many crawlers run side by side; Glue has a quota of them for the account"
  type        = number
  default     = 10

  validation {
    condition     = var.crawlers_at_once >= 1 && floor(var.crawlers_at_once) == var.crawlers_at_once
    error_message = "One crawler at least."
  }
}

variable "tolerated_crawler_failures" {
  description = "How many customers' crawlers may fail without stopping the build; the graph then lacks what these customers have landed since, and each such night sends a notice"
  type        = number
  default     = 0

  validation {
    condition     = var.tolerated_crawler_failures >= 0 && floor(var.tolerated_crawler_failures) == var.tolerated_crawler_failures
    error_message = "A whole number, 0 for none."
  }
}

variable "monthly_budget_usd" {
  description = "What the account may cost in a month: the topic gets a notice at 80 % of it and when the forecast is above it; 0 for no budget"
  type        = number

  validation {
    condition     = var.monthly_budget_usd >= 0
    error_message = "A sum of dollars, 0 for no budget."
  }
}

variable "log_days" {
  description = "How long logs are kept"
  type        = number
}

variable "alert_email" {
  description = "Who gets the notices; null for a topic without a subscriber"
  type        = string
  default     = null
}
