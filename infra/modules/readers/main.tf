locals {
  bolt      = 7687
  container = "neo4j"
}

data "aws_region" "this" {}

data "aws_caller_identity" "this" {}

################################################################################
# Password: made here, kept in the secret only
################################################################################

ephemeral "aws_secretsmanager_random_password" "this" {
  password_length     = 32
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57: a password is changed by password_version and a roll-out: replicas take theirs at the start
  name                    = "${var.name}/readers"
  description             = "NEO4J_AUTH of the replicas: neo4j/<password>"
  kms_key_id              = var.lake.key_arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id                = aws_secretsmanager_secret.this.id
  secret_string_wo         = "neo4j/${ephemeral.aws_secretsmanager_random_password.this.random_password}"
  secret_string_wo_version = var.password_version
}

################################################################################
# Replicas
################################################################################

resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65: by variable; off in dev only
  name = "${var.name}-readers"

  setting {
    name  = "containerInsights"
    value = var.insights
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338: by variable; a year in prod
  name              = "/${var.name}/readers"
  retention_in_days = var.log_days
  kms_key_id        = var.lake.key_arn
}

resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_336: Neo4j opens even a read-only store for writing, see docs/docker.md
  family                   = "${var.name}-readers"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory_mb
  execution_role_arn       = aws_iam_role.start.arn
  # No task role: a replica has no business with AWS.

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  ephemeral_storage {
    size_in_gib = var.size.disk_gb
  }

  container_definitions = jsonencode([{
    name         = local.container
    image        = "${var.repository.url}:${var.repository.tag}"
    essential    = true
    portMappings = [{ name = "bolt", containerPort = local.bolt, protocol = "tcp" }]
    # A quarter for Java's own needs and the system.
    environment = [for name, value in {
      NEO4J_server_memory_heap_initial__size = "${floor(var.size.memory_mb * 3 / 8)}m"
      NEO4J_server_memory_heap_max__size     = "${floor(var.size.memory_mb * 3 / 8)}m"
      NEO4J_server_memory_pagecache_size     = "${floor(var.size.memory_mb * 3 / 8)}m"
    } : { name = name, value = value }]
    secrets = [{ name = "NEO4J_AUTH", valueFrom = aws_secretsmanager_secret.this.arn }]
    healthCheck = {
      command     = ["CMD", "/kgimport/healthcheck.sh"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 300
    }
    stopTimeout = 120
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.this.region
        awslogs-stream-prefix = local.container
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  #checkov:skip=CKV_AWS_333: only in a network without NAT and endpoints, by the variable network.public_ip
  name            = "${var.name}-readers"
  cluster         = aws_ecs_cluster.this.arn
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "FARGATE"
  desired_count   = var.size.min

  # As many new replicas next to the old ones; an old one stops when its connections have had drain_s.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 300
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.network.subnet_ids
    security_groups  = [aws_security_group.this["replica"].id]
    assign_public_ip = var.network.public_ip
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = local.container
    container_port   = local.bolt
  }

  lifecycle {
    ignore_changes = [desired_count] # the scaling's
  }

  depends_on = [aws_iam_role_policy.start, aws_lb_listener.this, aws_secretsmanager_secret_version.this]
}

################################################################################
# Scaling
################################################################################

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.size.min
  max_capacity       = var.size.max
}

resource "aws_appautoscaling_policy" "this" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

################################################################################
# Balancer: Bolt over TLS in, Bolt to the replicas
################################################################################

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_150: by variable; off in dev only
  name                             = "${var.name}-readers"
  load_balancer_type               = "network"
  internal                         = true
  subnets                          = var.network.subnet_ids
  security_groups                  = [aws_security_group.this["balancer"].id]
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.protected

  access_logs {
    bucket  = var.lake.logs_bucket
    prefix  = "balancer"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378: TCP behind the balancer, which ends the TLS; both ends are in these two security groups
  name                   = "${var.name}-bolt"
  vpc_id                 = var.network.vpc_id
  target_type            = "ip"
  protocol               = "TCP"
  port                   = local.bolt
  deregistration_delay   = var.drain_s
  connection_termination = false

  health_check {
    protocol            = "TCP"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "TLS"
  port              = local.bolt
  certificate_arn   = var.certificate_arn
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

################################################################################
# Who speaks to whom
################################################################################

resource "aws_security_group" "this" {
  for_each = {
    balancer = "Readers speak Bolt to the balancer"
    replica  = "The balancer speaks Bolt to the replicas"
  }

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = var.network.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  for_each = var.cidrs

  security_group_id = aws_security_group.this["balancer"].id
  description       = "Bolt over TLS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.bolt
  to_port           = local.bolt
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  security_group_id            = aws_security_group.this["balancer"].id
  description                  = "Bolt and its health check"
  referenced_security_group_id = aws_security_group.this["replica"].id
  ip_protocol                  = "tcp"
  from_port                    = local.bolt
  to_port                      = local.bolt
}

resource "aws_vpc_security_group_ingress_rule" "replica" {
  security_group_id            = aws_security_group.this["replica"].id
  description                  = "Bolt and its health check"
  referenced_security_group_id = aws_security_group.this["balancer"].id
  ip_protocol                  = "tcp"
  from_port                    = local.bolt
  to_port                      = local.bolt
}

resource "aws_vpc_security_group_egress_rule" "replica" {
  security_group_id = aws_security_group.this["replica"].id
  description       = "Image, logs and secret over HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

################################################################################
# start: what ECS does before a replica runs
################################################################################

resource "aws_iam_role" "start" {
  name               = "${var.name}-readers-start"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "start" {
  name   = "start"
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.start.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "Login"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # a token is for the registry, which IAM cannot name
  }

  statement {
    sid       = "PullGraph"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.repository.arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "Password"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.this.arn]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [var.lake.key_arn]
  }
}
