resource "aws_glue_catalog_database" "customer" {
  for_each = local.databases

  name         = each.value
  description  = "What ${each.key} has landed; its tables are the crawler's"
  location_uri = "s3://${aws_s3_bucket.this["landing"].id}/${each.key}/"
}

resource "aws_glue_catalog_database" "graph" {
  name        = "${var.glue_prefix}${var.graph}"
  description = "The graph models that dbt writes"
}

resource "aws_glue_security_configuration" "this" {
  name = var.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = aws_kms_key.this.arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = aws_kms_key.this.arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = aws_kms_key.this.arn
    }
  }
}

resource "aws_glue_crawler" "this" {
  for_each = var.customers

  name                   = "${var.name}-${each.key}"
  description            = "Tables and partitions of ${each.key}, named after their folders"
  database_name          = aws_glue_catalog_database.customer[each.key].name
  role                   = aws_iam_role.crawler[each.key].arn
  security_configuration = aws_glue_security_configuration.this.name

  configuration = jsonencode({
    Version       = 1
    CrawlerOutput = { Partitions = { AddOrUpdateBehavior = "InheritFromTable" } }
    Grouping      = { TableGroupingPolicy = "CombineCompatibleSchemas", TableLevelConfiguration = local.table_level }
  })

  s3_target {
    path       = aws_glue_catalog_database.customer[each.key].location_uri
    exclusions = each.value.exclusions
  }

  # Columns are what `kgimport land` registered. A crawler would declare every instant as a timestamp, of
  # which Athena reads only the milliseconds; it adds the partitions.
  schema_change_policy {
    update_behavior = "LOG"
    delete_behavior = "LOG"
  }

  recrawl_policy {
    recrawl_behavior = "CRAWL_EVERYTHING"
  }
}
