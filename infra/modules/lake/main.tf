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

################################################################################
# Key
################################################################################

resource "aws_kms_key" "this" {
  description             = "${var.name}: buckets, images, logs, alerts"
  enable_key_rotation     = true
  deletion_window_in_days = var.force_destroy ? 7 : 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

# In a key's policy the resource "*" means this key.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109: a key's policy; its "*" is the key itself
  #checkov:skip=CKV_AWS_111: a key's policy; its "*" is the key itself
  #checkov:skip=CKV_AWS_356: a key's policy; its "*" is the key itself

  statement {
    sid = "AccountByItsPolicies"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:DisableKeyRotation",
      "kms:EnableKeyRotation",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
      "kms:RevokeGrant",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${var.account_id}:root"]
    }
  }

  statement {
    sid       = "LogGroupsOfThisAccount"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${data.aws_region.this.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["${local.logs}:log-group:/${var.name}/*", "${local.logs}:log-group:/aws-glue/crawlers*"]
    }
  }

  statement {
    sid       = "LogsOfStateMachines"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    sid       = "AlarmsAndBudgetIntoTheTopic"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

################################################################################
# Buckets
################################################################################

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144: everything but the landing bucket is made anew each night, and the landing bucket is a copy of its source
  #checkov:skip=CKV2_AWS_62: nothing waits for objects; the night is started by the clock
  #checkov:skip=CKV_AWS_145: with the key of ours except for the logs, which S3 and the balancer write with S3's
  #checkov:skip=CKV_AWS_18: all but the bucket of logs itself, see aws_s3_bucket_logging.this
  for_each = local.buckets

  bucket        = "${var.name}-${var.account_id}-${each.key}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = each.value.key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.value.key == null ? "AES256" : "aws:kms"
      kms_master_key_id = each.value.key
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "old-versions-and-broken-uploads"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.days.noncurrent
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  dynamic "rule" {
    for_each = each.value.expire

    content {
      id     = "expire-${rule.key == "" ? "all" : replace(trimsuffix(rule.key, "/"), "/", "-")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }

      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for purpose, bucket in aws_s3_bucket.this : purpose => bucket if purpose != "logs" }

  bucket        = each.value.id
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "s3/${each.key}/"
}

resource "aws_s3_bucket_policy" "this" {
  for_each = data.aws_iam_policy_document.bucket

  bucket = aws_s3_bucket.this[each.key].id
  policy = each.value.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

data "aws_iam_policy_document" "bucket" {
  for_each = aws_s3_bucket.this

  statement {
    sid       = "NothingWithoutTLS"
    effect    = "Deny"
    actions   = ["s3:*"] # a Deny is complete only with all actions
    resources = [each.value.arn, "${each.value.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? {
      "logging.s3.amazonaws.com"    = "s3"
      "delivery.logs.amazonaws.com" = "balancer"
    } : {}

    content {
      sid       = "LogsOf${title(statement.value)}"
      actions   = ["s3:PutObject"]
      resources = ["${each.value.arn}/${statement.value}/*"]

      principals {
        type        = "Service"
        identifiers = [statement.key]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? ["delivery.logs.amazonaws.com"] : []

    content {
      sid       = "BalancerLooksFirst"
      actions   = ["s3:GetBucketAcl"]
      resources = [each.value.arn]

      principals {
        type        = "Service"
        identifiers = [statement.value]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }
    }
  }
}

################################################################################
# Sample data
################################################################################

resource "aws_s3_object" "sample" {
  for_each = toset(local.sample)

  bucket      = aws_s3_bucket.this["landing"].id
  key         = each.value
  source      = "${var.sample_data_dir}/${each.value}"
  source_hash = filemd5("${var.sample_data_dir}/${each.value}")

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this]
}

################################################################################
# Catalog
################################################################################

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

  # Columns are what `kgimport land` registered. A crawler would call every instant a timestamp, of
  # which Athena reads the milliseconds only; it adds the partitions.
  schema_change_policy {
    update_behavior = "LOG"
    delete_behavior = "LOG"
  }

  recrawl_policy {
    recrawl_behavior = "CRAWL_EVERYTHING"
  }
}

################################################################################
# Crawlers' roles: one per customer, which sees that customer's folder only
################################################################################

resource "aws_iam_role" "crawler" {
  for_each = var.customers

  name               = "${var.name}-crawler-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.crawler_trust.json
}

resource "aws_iam_role_policy" "crawler" {
  for_each = aws_iam_role.crawler

  name   = "crawl"
  role   = each.value.id
  policy = data.aws_iam_policy_document.crawler[each.key].json
}

data "aws_iam_policy_document" "crawler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "crawler" {
  for_each = local.databases

  statement {
    sid       = "ReadFiles"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.this["landing"].arn}/${each.key}/*"]
  }

  statement {
    sid       = "ListFiles"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.this["landing"].arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${each.key}", "${each.key}/*"]
    }
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [aws_s3_bucket.this["landing"].arn]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid = "WriteTables"
    actions = [
      "glue:BatchCreatePartition",
      "glue:BatchGetPartition",
      "glue:BatchUpdatePartition",
      "glue:CreatePartition",
      "glue:CreateTable",
      "glue:GetDatabase",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
      "glue:UpdatePartition",
      "glue:UpdateTable",
    ]
    resources = ["${local.glue}:catalog", "${local.glue}:database/${each.value}", "${local.glue}:table/${each.value}/*"]
  }

  statement {
    sid       = "ReadSecurityConfiguration"
    actions   = ["glue:GetSecurityConfiguration"]
    resources = ["*"] # IAM knows no resource for security configurations
  }

  statement {
    sid       = "Log"
    actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.logs}:log-group:/aws-glue/crawlers*"]
  }
}

################################################################################
# Athena
################################################################################

resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "dbt's models and kgimport's UNLOADs"
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${aws_s3_bucket.this["results"].id}/${local.athena}"
      expected_bucket_owner = var.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.this.arn
      }
    }
  }
}
