################################################################################
# Roles of the state machines
################################################################################

resource "aws_iam_role" "machine" {
  for_each = toset(["nightly", "deadline"])

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust["states"].json
}

resource "aws_iam_role_policy" "machine" {
  for_each = local.machines

  name   = each.key
  role   = aws_iam_role.machine[each.key].id
  policy = each.value.policy
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["states", "scheduler"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# What every state machine needs: its log, its traces, its key.
data "aws_iam_policy_document" "machine" {
  #checkov:skip=CKV_AWS_111: see the two statements with "*": neither log delivery nor X-Ray has resources
  #checkov:skip=CKV_AWS_356: see the two statements with "*": neither log delivery nor X-Ray has resources

  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"] # log deliveries have no resources
  }

  statement {
    sid       = "Trace"
    actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"] # traces have no resources
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]
  }
}

################################################################################
# nightly
################################################################################

data "aws_iam_policy_document" "nightly" {
  source_policy_documents = concat([data.aws_iam_policy_document.machine.json], data.aws_iam_policy_document.replicas[*].json)

  # Of itself: whether another one is at work, and an execution for each crawler.
  statement {
    sid       = "LookForOthersAndStartItems"
    actions   = ["states:ListExecutions", "states:StartExecution"]
    resources = [local.nightly_arn]
  }

  statement {
    sid       = "WatchItems"
    actions   = ["states:DescribeExecution", "states:StopExecution"]
    resources = local.executions
  }

  statement {
    sid       = "Crawl"
    actions   = ["glue:GetCrawler", "glue:StartCrawler"]
    resources = var.lake.crawler_arns
  }

  statement {
    sid       = "StartLoader"
    actions   = ["ecs:RunTask"]
    resources = [for task in concat([var.loader.task_arn], var.neptune[*].task_arn) : "${task}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.loader.cluster_arn]
    }
  }

  statement {
    sid       = "WatchLoader"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = ["${local.tasks}/${var.loader.cluster_name}/*"]
  }

  statement {
    sid       = "GiveLoaderItsRoles"
    actions   = ["iam:PassRole"]
    resources = distinct(concat(var.loader.role_arns, flatten(var.neptune[*].role_arns)))

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  # The rules by which Step Functions learns of the end of a task or a build; it chooses their names.
  statement {
    sid     = "HearOfEnds"
    actions = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = [
      "${local.events}:rule/StepFunctionsGetEventsForECSTaskRule",
      "${local.events}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule",
    ]
  }

  statement {
    sid       = "Notify"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]
  }
}

# What the night does with a store: an image, and the replicas' roll-over.
data "aws_iam_policy_document" "replicas" {
  count = var.readers == null ? 0 : 1

  statement {
    sid       = "Bake"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
    resources = [var.loader.bake_arn]
  }

  statement {
    sid       = "LookAtImage"
    actions   = ["ecr:DescribeImages"]
    resources = [var.loader.graph_repository.arn]
  }

  # Tasks of a service have no resource in IAM: it asks for "*", and the condition says which cluster.
  statement {
    sid       = "ListReplicas"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.readers.cluster_arn]
    }
  }

  statement {
    sid       = "LookAtReplicas"
    actions   = ["ecs:DescribeTasks"]
    resources = ["${local.tasks}/${var.readers.cluster_name}/*"]
  }

  statement {
    sid       = "RollOver"
    actions   = ["ecs:DescribeServices", "ecs:UpdateService"]
    resources = [var.readers.service_arn]
  }
}

################################################################################
# deadline
################################################################################

data "aws_iam_policy_document" "deadline" {
  source_policy_documents = [data.aws_iam_policy_document.machine.json]

  statement {
    sid       = "LookAtNights"
    actions   = ["states:ListExecutions"]
    resources = [local.nightly_arn]
  }
}

################################################################################
# clock
################################################################################

resource "aws_iam_role" "clock" {
  name               = "${var.name}-clock"
  assume_role_policy = data.aws_iam_policy_document.trust["scheduler"].json
}

resource "aws_iam_role_policy" "clock" {
  name   = "start"
  role   = aws_iam_role.clock.id
  policy = data.aws_iam_policy_document.clock.json
}

data "aws_iam_policy_document" "clock" {
  statement {
    sid       = "Start"
    actions   = ["states:StartExecution"]
    resources = values(aws_sfn_state_machine.this)[*].arn
  }

  statement {
    sid       = "KeepWhatFailed"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.this.arn]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]
  }
}
