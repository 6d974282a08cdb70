output "key_arn" {
  description = "The key that encrypts everything"
  value       = aws_kms_key.this.arn
}

output "landing_uri" {
  description = "Where the customers' folders are"
  value       = "s3://${aws_s3_bucket.this["landing"].id}"
}

output "bucket_arns" {
  description = "The buckets by purpose: landing, results, handover, logs"
  value       = { for purpose, bucket in aws_s3_bucket.this : purpose => bucket.arn }
}

output "logs_bucket" {
  description = "The bucket of logs; below balancer/ the balancer may write"
  value       = aws_s3_bucket.this["logs"].id

  depends_on = [aws_s3_bucket_policy.this]
}

output "handover_bucket" {
  description = "The bucket in which a store waits to be baked into an image"
  value       = aws_s3_bucket.this["handover"].id
}

output "workgroup_arn" {
  description = "Athena's workgroup"
  value       = aws_athena_workgroup.this.arn
}

output "glue_arn" {
  description = "What the ARNs of the catalog, its databases and its tables begin with"
  value       = local.glue
}

output "source_databases" {
  description = "The Glue databases that dbt reads"
  value       = sort(values(aws_glue_catalog_database.customer)[*].name)
}

output "graph_database" {
  description = "The Glue database that dbt writes"
  value       = aws_glue_catalog_database.graph.name
}

output "crawlers" {
  description = "The crawlers' names by customer"
  value       = { for customer, crawler in aws_glue_crawler.this : customer => crawler.name }
}

output "crawler_arns" {
  description = "The crawlers"
  value       = sort(values(aws_glue_crawler.this)[*].arn)
}

output "environment" {
  description = "The variables that the dbt target athena reads"
  value = {
    AWS_REGION                = data.aws_region.this.region
    KGIMPORT_ATHENA_RESULTS   = aws_athena_workgroup.this.configuration[0].result_configuration[0].output_location
    KGIMPORT_ATHENA_DATA      = "s3://${aws_s3_bucket.this["results"].id}/${local.athena}tables/"
    KGIMPORT_ATHENA_WORKGROUP = aws_athena_workgroup.this.name
    KGIMPORT_ATHENA_SCHEMA    = aws_glue_catalog_database.graph.name
    KGIMPORT_GLUE_PREFIX      = var.glue_prefix
  }
}
