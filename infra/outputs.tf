output "landing" {
  description = "Where kgimport land puts the customers' Parquet"
  value       = module.lake.landing_uri
}

output "loader_repository" {
  description = "Where the loader's image is pushed to"
  value       = module.loader.loader_repository.url
}

output "nightly_arn" {
  description = "The state machine of the night, to start by hand"
  value       = module.schedule.nightly_arn
}

output "endpoint" {
  description = "The balancer's name: the certificate's name is to be an alias of it; null with Neptune"
  value       = one(module.readers[*].endpoint)
}

output "readers" {
  description = "The replicas' cluster and service, as `aws ecs` wants them; null with Neptune"
  value = one([for readers in module.readers : {
    cluster = readers.cluster_arn
    service = readers.service_name
  }])
}

output "graph_repository" {
  description = "The repository of the graph's images"
  value       = module.loader.graph_repository.name
}

output "password_secret" {
  description = "The secret that holds neo4j/ and the password; null with Neptune"
  value       = one(module.readers[*].password_secret)
}

output "neptune" {
  description = "What kgimport load-neptune takes, for a load from inside the VPC; null without a cluster"
  value = one([for neptune in module.neptune : {
    builds   = neptune.builds_uri
    endpoint = neptune.endpoint
    reader   = neptune.reader_endpoint
    role     = neptune.read_role_arn
  }])
}

output "environment" {
  description = "What kgimport run --target athena reads, for a run from a workstation"
  value       = module.lake.environment
}
