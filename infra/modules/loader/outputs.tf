output "loader_repository" {
  description = "Where the loader's image is pushed to"
  value = {
    arn = aws_ecr_repository.this["loader"].arn
    url = aws_ecr_repository.this["loader"].repository_url
  }
}

output "graph_repository" {
  description = "The repository of the graph's images, and the tag that is served"
  value = {
    arn  = aws_ecr_repository.this["graph"].arn
    url  = aws_ecr_repository.this["graph"].repository_url
    name = aws_ecr_repository.this["graph"].name
    tag  = local.current
  }
}

output "cluster_arn" {
  description = "Where the task runs"
  value       = aws_ecs_cluster.this.arn
}

output "cluster_name" {
  description = "The cluster's name, which is part of its tasks' ARNs"
  value       = aws_ecs_cluster.this.name
}

output "task_family" {
  description = "The task definition, whose newest revision runs"
  value       = aws_ecs_task_definition.this.family
}

output "task_arn" {
  description = "The task definition, without its revision"
  value       = aws_ecs_task_definition.this.arn_without_revision
}

output "memory_mb" {
  description = "The task's memory"
  value       = var.size.memory_mb
}

output "container" {
  description = "The task's container"
  value       = local.container
}

output "image" {
  description = "The loader's image that runs"
  value       = local.image
}

output "log_group" {
  description = "Where its tasks log"
  value       = aws_cloudwatch_log_group.this["task"].name
}

output "task_role" {
  description = "The role as which kgimport and dbt run"
  value       = aws_iam_role.this["task"].name
}

output "start_role_arn" {
  description = "The role as which ECS starts the loader's image"
  value       = aws_iam_role.this["start"].arn
}

output "role_arns" {
  description = "The roles that the task takes on"
  value       = [aws_iam_role.this["start"].arn, aws_iam_role.this["task"].arn]
}

output "security_group_id" {
  description = "The task's security group"
  value       = aws_security_group.this.id
}

output "bake_name" {
  description = "The build that bakes the image"
  value       = aws_codebuild_project.this.name
}

output "bake_arn" {
  description = "The build that bakes the image"
  value       = aws_codebuild_project.this.arn
}
