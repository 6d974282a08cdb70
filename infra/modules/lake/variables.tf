variable "name" {
  description = "What every name begins with"
  type        = string

  validation {
    condition     = length(var.name) <= 40
    error_message = "Bucket names have 63 characters at most, and the account and the purpose follow."
  }
}

variable "account_id" {
  description = "The account, which makes the buckets' names unique"
  type        = string
}

variable "customers" {
  description = "The customers: each has a folder in the landing bucket, a Glue database and a crawler"
  type = map(object({
    exclusions = optional(list(string), [])
  }))

  validation {
    condition     = length(var.customers) > 0 && alltrue([for customer in keys(var.customers) : can(regex("^[a-z][a-z0-9_]*$", customer))])
    error_message = "A customer's name is that of a Glue database: lower-case letters, digits and underscores."
  }
}

variable "graph" {
  description = "The graph whose models dbt writes, into a Glue database of this name"
  type        = string
}

variable "glue_prefix" {
  description = "What the names of the Glue databases begin with"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9_]*$", var.glue_prefix))
    error_message = "Glue databases are named in lower-case letters, digits and underscores."
  }
}

variable "sample_data_dir" {
  description = "A folder of the landing layout whose Parquet is uploaded; null uploads nothing"
  type        = string
  default     = null
}

variable "scan_limit" {
  description = "How many bytes a query may scan before Athena stops it"
  type        = number

  validation {
    condition     = var.scan_limit >= 10 * 1024 * 1024
    error_message = "Athena's least limit is 10 MiB."
  }
}

variable "days" {
  description = "After how many days what the build leaves is deleted: UNLOAD's files, queries' results and dbt's tables, stores handed over, logs, old versions"
  type = object({
    unload     = optional(number, 1)
    results    = optional(number, 30)
    handover   = optional(number, 14)
    logs       = optional(number, 365)
    noncurrent = optional(number, 30)
  })
  default = {}

  validation {
    condition     = alltrue([for days in values(var.days) : days >= 1 && floor(days) == days])
    error_message = "Whole days, one at least."
  }

  validation {
    condition     = var.days.results >= 7
    error_message = "dbt's tables are among the results: a week of failed nights must not delete them."
  }
}

variable "force_destroy" {
  description = "Whether a destroy deletes what the buckets and the workgroup hold"
  type        = bool
  default     = false
}
