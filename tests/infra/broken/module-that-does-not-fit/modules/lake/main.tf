output "bucket" {
  description = "The landing bucket"
  value       = "landing"
}
