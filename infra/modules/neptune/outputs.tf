output "endpoint" {
  description = "Where the graph is written and read"
  value       = "https://${aws_neptune_cluster.this.endpoint}:${local.port}"
}

output "reader_endpoint" {
  description = "Where the graph is read: the instances that do not write, if there are any"
  value       = "https://${aws_neptune_cluster.this.reader_endpoint}:${local.port}"
}

output "builds_uri" {
  description = "Where build directories are; the cluster reads below it"
  value       = "s3://${var.lake.handover_bucket}/${local.builds}"
}

output "read_role_arn" {
  description = "The role as which the cluster reads build directories"
  value       = aws_iam_role.this["read"].arn
}

output "task_family" {
  description = "The task definition of the load, whose newest revision runs"
  value       = aws_ecs_task_definition.this.family
}

output "task_arn" {
  description = "The task definition of the load, without its revision"
  value       = aws_ecs_task_definition.this.arn_without_revision
}

output "role_arns" {
  description = "The roles that the load's task takes on"
  value       = [var.loader.start_role_arn, aws_iam_role.this["load"].arn]
}
