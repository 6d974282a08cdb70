variable "name" {
  description = "What every name begins with"
  type        = string
}

variable "lake" {
  description = "The lake module: where the loader reads and writes, and by which key"
  type = object({
    key_arn          = string
    bucket_arns      = map(string)
    handover_bucket  = string
    workgroup_arn    = string
    glue_arn         = string
    source_databases = list(string)
    graph_database   = string
    environment      = map(string)
  })
}

variable "graph" {
  description = "The graph that is built: its folder below stores/"
  type        = string
}

variable "network" {
  description = "Where the task runs"
  type = object({
    vpc_id = string
  })
}

variable "image_tag" {
  description = "Which of the loader's images runs"
  type        = string
}

variable "size" {
  description = "The task: CPU units (1024 are a core), memory, disk for build directory and store"
  type = object({
    cpu       = number
    memory_mb = number
    disk_gb   = number
  })

  # From cores to the most memory that Fargate allows for them; the least is 2 GB a core.
  validation {
    condition = (
      var.size.memory_mb >= 2 * var.size.cpu &&
      var.size.memory_mb <= 1024 * lookup({ 1024 = 8, 2048 = 16, 4096 = 30, 8192 = 60, 16384 = 120 }, tostring(var.size.cpu), 0)
    )
    error_message = "Fargate has 1, 2, 4, 8 or 16 cores (1024 units each) with at least 2 GB a core, and at most 8, 16, 30, 60 or 120 GB."
  }

  validation {
    condition     = var.size.disk_gb >= 21 && var.size.disk_gb <= 200
    error_message = "Fargate's disk has 21 to 200 GB."
  }
}

variable "compute_type" {
  description = "The machine that bakes the image"
  type        = string
  default     = "BUILD_GENERAL1_SMALL"

  validation {
    condition     = can(regex("^BUILD_GENERAL1_(SMALL|MEDIUM|LARGE|XLARGE|2XLARGE)$", var.compute_type))
    error_message = "One of CodeBuild's general machines, BUILD_GENERAL1_SMALL to BUILD_GENERAL1_2XLARGE."
  }
}

variable "base_image" {
  description = "The image with Neo4j that is the base of the graph's image; its version is that of the stores. With its digest (@sha256:…) it is the same image each night"
  type        = string
  default     = "neo4j:2026.08.1-community"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][^@[:space:]]*(@sha256:[0-9a-f]{64})?$", var.base_image))
    error_message = "An image, and behind @ its digest: sha256: and 64 hexadecimal digits."
  }
}

variable "images" {
  description = "How many images each repository keeps besides the one in use; for the graph, these are the nights to which you can go back"
  type        = number
  default     = 14

  validation {
    condition     = var.images >= 2 && floor(var.images) == var.images
    error_message = "Two images at least: the one in use and the one before it."
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

variable "force_destroy" {
  description = "Whether a destroy deletes the repositories' images"
  type        = bool
  default     = false
}
