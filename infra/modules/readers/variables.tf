variable "name" {
  description = "What every name begins with"
  type        = string
}

variable "lake" {
  description = "The lake module: the key, and the bucket of logs"
  type = object({
    key_arn     = string
    logs_bucket = string
  })
}

variable "repository" {
  description = "The repository of the graph's images, and the tag that is served"
  type = object({
    arn = string
    url = string
    tag = string
  })
}

variable "network" {
  description = "Where the replicas and the balancer run"
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
    public_ip  = bool
  })
}

variable "size" {
  description = "A replica (CPU units, memory, disk: the store is copied into the container's layer), and how many there are"
  type = object({
    cpu       = number
    memory_mb = number
    disk_gb   = number
    min       = number
    max       = number
  })

  validation {
    condition     = var.size.min >= 1 && var.size.max >= var.size.min
    error_message = "One replica at least, and max not below min."
  }

  # From cores to the most memory that Fargate allows for them.
  validation {
    condition = (
      var.size.memory_mb >= max(2048, 2 * var.size.cpu) &&
      var.size.memory_mb <= 1024 * lookup({ 512 = 4, 1024 = 8, 2048 = 16, 4096 = 30, 8192 = 60, 16384 = 120 }, tostring(var.size.cpu), 0)
    )
    error_message = "Neo4j needs 2 GB; Fargate has 0.5, 1, 2, 4, 8 or 16 cores (1024 units each) with at least 2 GB a core, and at most 4, 8, 16, 30, 60 or 120 GB."
  }

  validation {
    condition     = var.size.disk_gb >= 21 && var.size.disk_gb <= 200
    error_message = "Fargate's disk has 21 to 200 GB."
  }
}

variable "certificate_arn" {
  description = "The certificate that the balancer shows"
  type        = string
}

variable "cidrs" {
  description = "The address ranges that may connect"
  type        = set(string)
}

variable "drain_s" {
  description = "How long a replica's connections may go on after it takes no new ones"
  type        = number
  default     = 900

  validation {
    condition     = var.drain_s >= 0 && var.drain_s <= 3600
    error_message = "A balancer drains for an hour at most."
  }
}

variable "log_days" {
  description = "How long logs are kept"
  type        = number
}

variable "insights" {
  description = "Container Insights of the cluster: enabled, enhanced or disabled"
  type        = string
  default     = "enabled"

  validation {
    condition     = contains(["enabled", "enhanced", "disabled"], var.insights)
    error_message = "enabled, enhanced or disabled."
  }
}

variable "password_version" {
  description = "Increase it to make a new password at the next apply"
  type        = number
  default     = 1
}

variable "protected" {
  description = "Whether the balancer is protected from deletion, and the secret is deleted with a delay"
  type        = bool
  default     = true
}
