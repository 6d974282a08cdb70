locals {
  # Role by role: who takes it on, and what it may do. The table in README.md states why. Neptune takes
  # roles on as RDS.
  services = { read = "rds", load = "ecs-tasks" }
  policies = {
    read = data.aws_iam_policy_document.read.json
    load = data.aws_iam_policy_document.load.json
  }
}

resource "aws_iam_role" "this" {
  for_each = local.services

  name               = "${var.name}-neptune-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

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

# What all who read builds need: the objects' names, below the prefix, and the key.
data "aws_iam_policy_document" "find" {
  statement {
    sid       = "FindBuilds"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arns.handover]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.builds}*"]
    }
  }
}

################################################################################
# read: what Neptune does during a load
################################################################################

data "aws_iam_policy_document" "read" {
  source_policy_documents = [data.aws_iam_policy_document.find.json]

  statement {
    sid       = "ReadBuilds"
    actions   = ["s3:GetObject"]
    resources = [local.objects]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.lake.key_arn]
  }
}

################################################################################
# load: what kgimport load-neptune does
################################################################################

data "aws_iam_policy_document" "load" {
  source_policy_documents = [data.aws_iam_policy_document.find.json]

  statement {
    sid = "LoadAndCount"
    actions = [
      "neptune-db:CancelLoaderJob",
      "neptune-db:GetLoaderJobStatus",
      "neptune-db:ReadDataViaQuery",
      "neptune-db:StartLoaderJob",
    ]
    resources = ["arn:${data.aws_partition.this.partition}:neptune-db:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:${aws_neptune_cluster.this.cluster_resource_id}/*"]
  }

  statement {
    sid       = "ReadBuilds"
    actions   = ["s3:GetObject"]
    resources = [local.objects]
  }

  statement {
    sid       = "RecordLoads"
    actions   = ["s3:PutObject"]
    resources = ["${local.objects}/loads/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]
  }
}

################################################################################
# export: what kgimport export does beyond the loader's own rights
################################################################################

resource "aws_iam_role_policy" "export" {
  name   = "export"
  role   = var.loader.task_role
  policy = data.aws_iam_policy_document.export.json
}

data "aws_iam_policy_document" "export" {
  source_policy_documents = [data.aws_iam_policy_document.find.json]

  statement {
    sid       = "ReplaceBuilds"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = [local.objects]
  }
}
