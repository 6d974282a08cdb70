################################################################################
# Where
################################################################################

variable "region" {
  description = "The AWS region of everything"
  type        = string
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like eu-central-1."
  }
}

variable "project" {
  description = "What every name begins with, before the workspace"
  type        = string
  default     = "kgimport"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}[a-z0-9]$", var.project))
    error_message = "Names of buckets and balancers are made of it: 3 to 17 lower-case letters, digits and hyphens."
  }
}

variable "network" {
  description = "The VPC and the subnets, in two zones or more, of the loader, the readers and the balancer; public_ip if the subnets have neither a NAT nor endpoints"
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
    public_ip  = optional(bool, false)
  })

  validation {
    condition     = startswith(var.network.vpc_id, "vpc-") && alltrue([for id in var.network.subnet_ids : startswith(id, "subnet-")])
    error_message = "network names a VPC (vpc-…) and subnets (subnet-…)."
  }

  validation {
    condition     = length(distinct(var.network.subnet_ids)) >= 2
    error_message = "Give at least two subnets, in different zones."
  }
}

################################################################################
# Lake
################################################################################

variable "customers" {
  description = "The customers, each with the globs that its crawler skips"
  type = map(object({
    exclusions = optional(list(string), [])
  }))
  default = {
    customer_1 = {}
    customer_2 = {}
    customer_3 = {}
  }
}

variable "graph" {
  description = "The graph that is built: the name of dbt's schema and of the folder of stores"
  type        = string
  default     = "lms"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.graph))
    error_message = "It names a Glue database: lower-case letters, digits and underscores."
  }
}

################################################################################
# Nightly
################################################################################

variable "nightly" {
  description = "When the build starts and when it must be done, as HH:MM in a named time zone"
  type = object({
    time_zone = optional(string, "Europe/Berlin")
    start     = optional(string, "03:00")
    deadline  = optional(string, "06:30")
  })
  default = {}

  validation {
    condition     = alltrue([for at in [var.nightly.start, var.nightly.deadline] : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", at))])
    error_message = "start and deadline are times of day such as 03:00."
  }

  validation {
    condition     = tonumber(replace(var.nightly.start, ":", "")) < tonumber(replace(var.nightly.deadline, ":", "")) && tonumber(replace(var.nightly.deadline, ":", "")) < 700
    error_message = "The build starts before its deadline, and the deadline leaves time to act before 07:00."
  }
}

variable "loader_image_tag" {
  description = "The tag under which the loader's image was pushed; it cannot be moved, so a release has a tag of its own"
  type        = string
  default     = "0.1.0"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.loader_image_tag)) && var.loader_image_tag != "latest"
    error_message = "A tag that says which release it is, so not latest."
  }
}

variable "base_image" {
  description = "The image with Neo4j under the graph's image, by its digest (neo4j:…-community@sha256:…): a tag alone may be moved, and the next build then takes the image that it names by that time; null for the loader module's default, which is a tag"
  type        = string
  default     = null

  validation {
    condition     = var.base_image == null || can(regex("^[a-z0-9][^@[:space:]]*@sha256:[0-9a-f]{64}$", var.base_image))
    error_message = "An image and its digest: docker buildx imagetools inspect neo4j:… says it."
  }
}

variable "crawlers_at_once" {
  description = "How many crawlers run side by side; Glue has a quota of them for the account"
  type        = number
  default     = 10
}

variable "tolerated_crawler_failures" {
  description = "How many customers' crawlers may fail without stopping the build; the graph then lacks what these customers have landed since, and each such night sends a notice"
  type        = number
  default     = 0
}

variable "monthly_budget_usd" {
  description = "What the account may cost in a month, 0 for no budget; null for the workspace's own, which is listed with its sizes"
  type        = number
  default     = null
}

variable "alert_email" {
  description = "Who gets a notice when the build failed or is late; null for a topic without a subscriber"
  type        = string
  default     = null

  validation {
    condition     = var.alert_email == null || can(regex("^[^@ ]+@[^@ ]+$", var.alert_email))
    error_message = "alert_email is an address."
  }
}

################################################################################
# Readers
################################################################################

variable "certificate_arn" {
  description = "The certificate in ACM that the balancer shows; its name is what readers connect to. Required, except with Neptune"
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null ? var.neptune != null : can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "The ARN of a certificate in ACM; only a graph in Neptune needs none."
  }
}

variable "reader_cidrs" {
  description = "The address ranges that may connect to the graph. Required, except with Neptune"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for range in var.reader_cidrs : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Address ranges such as 10.0.0.0/8; the graph is not for the whole Internet."
  }

  validation {
    condition     = length(var.reader_cidrs) > 0 || var.neptune != null
    error_message = "Without an address range nobody can connect."
  }
}

################################################################################
# Neptune
################################################################################

variable "neptune" {
  description = "Not null: the graph goes to a cluster of Neptune, and there are no replicas. With the route tables that get a way to S3 (none if the subnets have one), and the security groups that may connect, by what they are"
  type = object({
    route_table_ids = optional(set(string), [])
    clients         = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.neptune == null || alltrue([for id in try(var.neptune.route_table_ids, []) : startswith(id, "rtb-")])
    error_message = "Route tables are named rtb-…."
  }
}
