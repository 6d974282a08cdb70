locals {
  # Every bucket: whether old versions are kept, and what expires after how many days by prefix.
  buckets = {
    landing  = { key = aws_kms_key.this.arn, expire = {} }
    results  = { key = aws_kms_key.this.arn, expire = { (local.unload) = var.days.unload, (local.athena) = var.days.results } }
    handover = { key = aws_kms_key.this.arn, expire = { "" = var.days.handover } }
    # Neither S3's access logs nor the balancer's can be written with a key of ours.
    logs = { key = null, expire = { "" = var.days.logs } }
  }
  athena = "athena/"
  unload = "${local.athena}unload/"

  databases = { for customer in keys(var.customers) : customer => "${var.glue_prefix}${customer}" }
  glue      = "arn:${data.aws_partition.this.partition}:glue:${data.aws_region.this.region}:${var.account_id}"
  logs      = "arn:${data.aws_partition.this.partition}:logs:${data.aws_region.this.region}:${var.account_id}"

  # The landing layout: <customer>/<table>/[event_month=YYYY-MM/]*.parquet
  sample = var.sample_data_dir == null ? [] : flatten([
    for customer in keys(var.customers) : [for path in fileset(var.sample_data_dir, "${customer}/**/*.parquet") : path]
  ])
  table_level = 3 # bucket, customer, table
}

data "aws_partition" "this" {}

data "aws_region" "this" {}
