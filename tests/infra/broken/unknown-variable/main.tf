variable "name" {
  description = "What every name begins with"
  type        = string
}

locals {
  bucket = "${var.nme}-landing"
  name   = var.name
}

output "bucket" {
  description = "The landing bucket"
  value       = "${local.bucket}-${local.nam}"
}
