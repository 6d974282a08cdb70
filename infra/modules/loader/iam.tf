locals {
  # Role by role: what it may do, and who takes it on. The table in README.md states why.
  roles = {
    start = data.aws_iam_policy_document.start.json
    task  = data.aws_iam_policy_document.task.json
    bake  = data.aws_iam_policy_document.bake.json
  }
  services = { start = "ecs-tasks", task = "ecs-tasks", bake = "codebuild" }
  bucket   = var.lake.bucket_arns
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${var.name}-loader-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = each.value
}

data "aws_iam_policy_document" "trust" {
  for_each = local.services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.value}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

################################################################################
# start: what ECS does before the task runs
################################################################################

data "aws_iam_policy_document" "start" {
  source_policy_documents = [data.aws_iam_policy_document.login.json]

  statement {
    sid       = "PullLoader"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.this["loader"].arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["task"].arn}:*"]
  }
}

data "aws_iam_policy_document" "login" {
  statement {
    sid       = "Login"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # a token is for the registry, which IAM cannot name
  }
}

################################################################################
# task: what kgimport and dbt do
################################################################################

data "aws_iam_policy_document" "task" {
  statement {
    sid = "Query"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.lake.workgroup_arn]
  }

  statement {
    sid = "ReadCatalog"
    actions = [
      "glue:BatchGetPartition",
      "glue:GetDatabase",
      "glue:GetDatabases",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
    ]
    resources = concat(
      ["${var.lake.glue_arn}:catalog", "${var.lake.glue_arn}:database/default"],
      flatten([for database in concat(var.lake.source_databases, [var.lake.graph_database]) : [
        "${var.lake.glue_arn}:database/${database}",
        "${var.lake.glue_arn}:table/${database}/*",
      ]]),
    )
  }

  statement {
    sid = "WriteModels"
    actions = [
      "glue:BatchCreatePartition",
      "glue:BatchDeletePartition",
      "glue:BatchDeleteTableVersion",
      "glue:CreatePartition",
      "glue:CreateTable",
      "glue:DeleteTable",
      "glue:DeleteTableVersion",
      "glue:GetTableVersions",
      "glue:UpdateTable",
    ]
    resources = [
      "${var.lake.glue_arn}:catalog",
      "${var.lake.glue_arn}:database/${var.lake.graph_database}",
      "${var.lake.glue_arn}:table/${var.lake.graph_database}/*",
    ]
  }

  statement {
    sid       = "ReadLanding"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket.landing}/*"]
  }

  statement {
    sid       = "ReadAndWriteResults"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.bucket.results}/*"]
  }

  statement {
    sid       = "FindFiles"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.bucket.landing, local.bucket.results]
  }

  statement {
    sid       = "HandOver"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${local.bucket.handover}/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]
  }
}

################################################################################
# bake: a store in, an image out
################################################################################

data "aws_iam_policy_document" "bake" {
  source_policy_documents = [data.aws_iam_policy_document.login.json]

  statement {
    sid       = "TakeOver"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket.handover}/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.lake.key_arn]
  }

  statement {
    sid       = "Pull"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
    resources = values(aws_ecr_repository.this)[*].arn
  }

  statement {
    sid       = "PushGraph"
    actions   = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
    resources = [aws_ecr_repository.this["graph"].arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["bake"].arn}:*"]
  }
}
