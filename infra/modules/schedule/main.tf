locals {
  machines = {
    nightly = {
      at     = var.nightly.start
      policy = data.aws_iam_policy_document.nightly.json
      # Of the readers and Neptune one is missing, and the night never asks it.
      definition = templatefile("${path.module}/nightly.asl.json", {
        attempts          = var.attempts
        bake              = var.loader.bake_name
        builds            = try(var.neptune.builds_uri, "")
        cluster           = var.loader.cluster_arn
        container         = var.loader.container
        crawlers          = jsonencode(values(var.lake.crawlers))
        crawlers_at_once  = var.crawlers_at_once
        customers         = length(var.lake.crawlers)
        endpoint          = try(var.neptune.endpoint, "")
        handover          = var.lake.handover_bucket
        load_task         = try(var.neptune.task_family, "")
        memory_mb         = floor(var.loader.memory_mb / 4)
        name              = var.name
        partition         = data.aws_partition.this.partition
        public_ip         = var.network.public_ip ? "ENABLED" : "DISABLED"
        read_role         = try(var.neptune.read_role_arn, "")
        readers_cluster   = try(var.readers.cluster_arn, "")
        readers_container = try(var.readers.container, "")
        readers_service   = try(var.readers.service_name, "")
        repository        = var.loader.graph_repository.name
        security_group    = var.loader.security_group_id
        subnets           = jsonencode(var.network.subnet_ids)
        tag               = var.loader.graph_repository.tag
        target            = var.neptune == null ? "neo4j" : "neptune"
        task              = var.loader.task_family
        tolerated         = var.tolerated_crawler_failures
        topic             = aws_sns_topic.this.arn
      })
    }
    deadline = {
      at     = var.nightly.deadline
      policy = data.aws_iam_policy_document.deadline.json
      definition = templatefile("${path.module}/deadline.asl.json", {
        nightly   = local.nightly_arn
        partition = data.aws_partition.this.partition
        window_ms = 60000 * (local.minutes.deadline - local.minutes.start + local.slack)
      })
    }
  }
  # The clock may start the deadline half an hour late. In the night when clocks go back, what starts
  # before 3 has an hour more behind it.
  slack   = 45 + (local.minutes.start < 180 ? 60 : 0)
  minutes = { for moment in ["start", "deadline"] : moment => 60 * parseint(split(":", var.nightly[moment])[0], 10) + parseint(split(":", var.nightly[moment])[1], 10) }

  account     = data.aws_caller_identity.this.account_id
  states      = "arn:${data.aws_partition.this.partition}:states:${data.aws_region.this.region}:${local.account}"
  nightly_arn = "${local.states}:stateMachine:${var.name}-nightly"
  # The name of a Map item's execution follows a colon or a slash.
  executions = ["${local.states}:execution:${var.name}-nightly:*", "${local.states}:execution:${var.name}-nightly/*"]
  events     = "arn:${data.aws_partition.this.partition}:events:${data.aws_region.this.region}:${local.account}"
  tasks      = "arn:${data.aws_partition.this.partition}:ecs:${data.aws_region.this.region}:${local.account}:task"

  alarms = {
    late = {
      description = "At ${var.nightly.deadline} (${var.nightly.time_zone}) the build was not there"
      namespace   = "AWS/States", metric = "ExecutionsFailed", statistic = "Sum", period = 60
      dimensions  = { StateMachineArn = aws_sfn_state_machine.this["deadline"].arn }
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
    }
    unwatched = {
      description = "Nobody has looked for the build in a day"
      namespace   = "AWS/States", metric = "ExecutionsStarted", statistic = "Sum", period = 86400
      dimensions  = { StateMachineArn = aws_sfn_state_machine.this["deadline"].arn }
      comparison  = "LessThanThreshold", threshold = 1, missing = "breaching"
    }
    timed-out = {
      description = "The build took longer than it may and was stopped, without a word of its own"
      namespace   = "AWS/States", metric = "ExecutionsTimedOut", statistic = "Sum", period = 300
      dimensions  = { StateMachineArn = aws_sfn_state_machine.this["nightly"].arn }
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
    }
    failed = {
      description = "A build has failed; should the night's own message be missing, its execution says why"
      namespace   = "AWS/States", metric = "ExecutionsFailed", statistic = "Sum", period = 300
      dimensions  = { StateMachineArn = aws_sfn_state_machine.this["nightly"].arn }
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
    }
    not-started = {
      description = "The clock could not start a build or its check; the queue says which and why"
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", period = 300
      dimensions  = { QueueName = aws_sqs_queue.this.name }
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
    }
    no-readers = {
      description = "No replica answers"
      namespace   = "AWS/NetworkELB", metric = "HealthyHostCount", statistic = "Maximum", period = 60
      dimensions  = { LoadBalancer = try(var.readers.balancer_arn_suffix, ""), TargetGroup = try(var.readers.target_group_arn_suffix, "") }
      comparison  = "LessThanThreshold", threshold = 1, missing = "breaching"
    }
  }
}

data "aws_partition" "this" {}

data "aws_region" "this" {}

data "aws_caller_identity" "this" {}

################################################################################
# State machines
################################################################################

resource "aws_sfn_state_machine" "this" {
  for_each = local.machines

  name       = "${var.name}-${each.key}"
  role_arn   = aws_iam_role.machine[each.key].arn
  definition = each.value.definition

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this[each.key].arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.lake.key_arn
    kms_data_key_reuse_period_seconds = 900
  }

  depends_on = [aws_iam_role_policy.machine]
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338: by variable; a year in prod
  for_each = local.machines

  name              = "/${var.name}/schedule/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = var.lake.key_arn
}

################################################################################
# Clock
################################################################################

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297: it holds an ARN and no data
  for_each = local.machines

  name                         = "${var.name}-${each.key}"
  schedule_expression          = "cron(${tonumber(split(":", each.value.at)[1])} ${tonumber(split(":", each.value.at)[0])} * * ? *)"
  schedule_expression_timezone = var.nightly.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.this[each.key].arn
    role_arn = aws_iam_role.clock.arn

    retry_policy {
      maximum_retry_attempts       = 5
      maximum_event_age_in_seconds = 1800
    }

    dead_letter_config {
      arn = aws_sqs_queue.this.arn
    }
  }
}

resource "aws_sqs_queue" "this" {
  name                      = "${var.name}-missed-starts"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

################################################################################
# Alarms
################################################################################

resource "aws_sns_topic" "this" {
  name              = "${var.name}-alerts"
  kms_master_key_id = var.lake.key_arn
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "BudgetOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_subscription" "this" {
  count = var.alert_email == null ? 0 : 1

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if name != "no-readers" || var.readers != null }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = 1
  dimensions          = each.value.dimensions
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
}

################################################################################
# Cost
################################################################################

# For the whole account: tags count only if they were activated as cost allocation tags.
resource "aws_budgets_budget" "this" {
  count = var.monthly_budget_usd > 0 ? 1 : 0

  name         = "${var.name}-month"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.this.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.this]
}
