variable "lake" {
  description = "The lake module"
  type = object({
    bucket  = string
    key_arn = string
    prefix  = optional(string, "")
  })
}

variable "disk_gb" {
  description = "The task's disk"
  type        = number
}

output "disk" {
  description = "The task's disk, beside what it reads"
  value       = "${var.disk_gb} ${var.lake.bucket} ${var.lake.key}"
}
