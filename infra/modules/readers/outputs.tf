output "endpoint" {
  description = "The balancer's name"
  value       = aws_lb.this.dns_name
}

output "password_secret" {
  description = "The secret that holds neo4j/ and the password"
  value       = aws_secretsmanager_secret.this.name
}

output "cluster_arn" {
  description = "Where the replicas run"
  value       = aws_ecs_cluster.this.arn
}

output "cluster_name" {
  description = "The cluster's name, which is part of its tasks' ARNs"
  value       = aws_ecs_cluster.this.name
}

output "container" {
  description = "The replicas' container with Neo4j"
  value       = local.container
}

output "service_name" {
  description = "The service of the replicas"
  value       = aws_ecs_service.this.name
}

output "service_arn" {
  description = "The service of the replicas"
  value       = aws_ecs_service.this.arn
}

output "balancer_arn_suffix" {
  description = "The balancer as CloudWatch knows it"
  value       = aws_lb.this.arn_suffix
}

output "target_group_arn_suffix" {
  description = "The replicas as CloudWatch knows them"
  value       = aws_lb_target_group.this.arn_suffix
}
