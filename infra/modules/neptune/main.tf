locals {
  port   = 8182
  engine = "neptune"
  # The parameters of a line, such as neptune1.4, fit every release of it.
  family = "${local.engine}${join(".", slice(split(".", var.engine_version), 0, 2))}"
  logs   = ["audit", "slowquery"]

  builds  = "builds/"
  objects = "${var.lake.bucket_arns.handover}/${local.builds}*"

  # Milliseconds. Neptune counts a whole graph after a load, which takes longer than its two minutes.
  query_timeout = tostring(var.query_timeout_s * 1000)
}

data "aws_partition" "this" {}

data "aws_region" "this" {}

data "aws_caller_identity" "this" {}

################################################################################
# Cluster
################################################################################

resource "aws_neptune_cluster" "this" {
  #checkov:skip=CKV2_AWS_58: by variable; off in dev only
  cluster_identifier = var.name
  engine             = local.engine
  engine_version     = var.engine_version
  apply_immediately  = !var.protected

  neptune_subnet_group_name            = aws_neptune_subnet_group.this.name
  vpc_security_group_ids               = [aws_security_group.this.id]
  port                                 = local.port
  neptune_cluster_parameter_group_name = aws_neptune_cluster_parameter_group.this.name

  iam_database_authentication_enabled = true
  iam_roles                           = [aws_iam_role.this["read"].arn]
  storage_encrypted                   = true
  kms_key_arn                         = var.lake.key_arn
  enable_cloudwatch_logs_exports      = local.logs

  backup_retention_period   = var.backup_days
  preferred_backup_window   = var.backup_window
  copy_tags_to_snapshot     = true
  deletion_protection       = var.protected
  skip_final_snapshot       = !var.protected
  final_snapshot_identifier = "${var.name}-last"

  serverless_v2_scaling_configuration {
    min_capacity = var.size.min_ncu
    max_capacity = var.size.max_ncu
  }

  # Neptune would make the groups of logs itself, without a key and for ever.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_neptune_cluster_instance" "this" {
  count = var.size.instances

  identifier                   = "${var.name}-${count.index}"
  cluster_identifier           = aws_neptune_cluster.this.id
  engine                       = local.engine
  instance_class               = "db.serverless"
  neptune_parameter_group_name = aws_neptune_parameter_group.this.name
  neptune_subnet_group_name    = aws_neptune_subnet_group.this.name
  publicly_accessible          = false
  # The release is engine_version's, in every workspace.
  auto_minor_version_upgrade = false
}

resource "aws_neptune_subnet_group" "this" {
  name        = var.name
  description = "Where the graph's instances are"
  subnet_ids  = var.network.subnet_ids
}

resource "aws_neptune_cluster_parameter_group" "this" {
  name        = "${var.name}-cluster"
  family      = local.family
  description = "Who asked what, what was slow, and how long a query may take"

  dynamic "parameter" {
    for_each = {
      neptune_enable_audit_log         = "1"
      neptune_enable_slow_query_log    = "info"
      neptune_slow_query_log_threshold = tostring(var.slow_query_ms)
      neptune_query_timeout            = local.query_timeout
    }

    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_neptune_parameter_group" "this" {
  name        = "${var.name}-instance"
  family      = local.family
  description = "An instance has a time-out of its own, and the shorter one counts"

  parameter {
    name  = "neptune_query_timeout"
    value = local.query_timeout
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338: by variable; a year in prod
  for_each = toset(local.logs)

  name              = "/aws/neptune/${var.name}/${each.key}" # Neptune's choice
  retention_in_days = var.log_days
  kms_key_id        = var.lake.key_arn
}

################################################################################
# Who speaks to whom
################################################################################

resource "aws_security_group" "this" {
  name        = "${var.name}-neptune"
  description = "The loader speaks to the graph, and the graph to S3"
  vpc_id      = var.network.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = merge({ loader = var.loader.security_group_id }, var.clients)

  security_group_id            = aws_security_group.this.id
  description                  = "Queries and loads of ${each.key}, over TLS"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "loader" {
  security_group_id            = var.loader.security_group_id
  description                  = "Neptune over TLS"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "this" {
  security_group_id = aws_security_group.this.id
  description       = "S3 over HTTPS, by the endpoint"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.s3.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${data.aws_region.this.region}.s3"
}

# Neptune reads S3 by this way only. It has no policy of its own, because all that is in these subnets
# takes the same way: ECR's layers and Athena's results, too.
resource "aws_vpc_endpoint" "s3" {
  count = length(var.route_table_ids) > 0 ? 1 : 0

  vpc_id            = var.network.vpc_id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${data.aws_region.this.region}.s3"
  route_table_ids   = var.route_table_ids
}

################################################################################
# Load: kgimport load-neptune as a task
################################################################################

resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_336: boto3 and kgimport keep what they are reading in TMPDIR
  family                   = "${var.name}-load-neptune"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512 # Neptune does the work; the task waits for it
  memory                   = 2048
  execution_role_arn       = var.loader.start_role_arn
  task_role_arn            = aws_iam_role.this["load"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([{
    name            = var.loader.container
    image           = var.loader.image
    essential       = true
    environment     = [{ name = "AWS_REGION", value = data.aws_region.this.region }]
    linuxParameters = { initProcessEnabled = true }
    stopTimeout     = 120
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.loader.log_group
        awslogs-region        = data.aws_region.this.region
        awslogs-stream-prefix = "load-neptune"
      }
    }
  }])
}

################################################################################
# Alarms
################################################################################

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    neptune-down = {
      description = "No instance of the graph runs"
      metric      = "EngineUptime", statistic = "Maximum", periods = 2
      comparison  = "LessThanThreshold", threshold = 1, missing = "breaching"
    }
    neptune-full = {
      description = "For a quarter of an hour the graph has needed all of its capacity: raise max_ncu, or ask less"
      metric      = "NCUUtilization", statistic = "Average", periods = 3
      comparison  = "GreaterThanThreshold", threshold = 95, missing = "notBreaching"
    }
    # Neptune reports nothing while nothing waits.
    neptune-queue = {
      description = "For a quarter of an hour requests have waited for others to end"
      metric      = "MainRequestQueuePendingRequests", statistic = "Minimum", periods = 3
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
    }
  }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Neptune"
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  period              = 300 # Neptune's own
  evaluation_periods  = each.value.periods
  dimensions          = { DBClusterIdentifier = aws_neptune_cluster.this.id }
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
