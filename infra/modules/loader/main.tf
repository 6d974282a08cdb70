locals {
  container = "loader"
  image     = "${aws_ecr_repository.this["loader"].repository_url}:${var.image_tag}"
  current   = "current" # the tag that readers run
  served    = "served"  # the tag of what they ran when the last bake began
  # What is in use and stays, however many images come after it.
  in_use = { loader = [var.image_tag], graph = [local.current, local.served] }
}

data "aws_region" "this" {}

data "aws_caller_identity" "this" {}

################################################################################
# Images
################################################################################

resource "aws_ecr_repository" "this" {
  #checkov:skip=CKV_AWS_51: no tag moves, except the graph's "current" and "served", see the exclusion below
  for_each = {
    loader = []
    graph  = [local.current, local.served]
  }

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = length(each.value) == 0 ? "IMMUTABLE" : "IMMUTABLE_WITH_EXCLUSION"
  force_delete         = var.force_destroy

  dynamic "image_tag_mutability_exclusion_filter" {
    for_each = each.value

    content {
      filter      = image_tag_mutability_exclusion_filter.value
      filter_type = "WILDCARD"
    }
  }

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.lake.key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy = jsonencode({
    # An image that a rule is about is safe from those behind it, and one image at most has a tag.
    rules = concat(
      [for at, tag in local.in_use[each.key] : {
        rulePriority = at + 1
        description  = "What is ${tag} never expires"
        selection    = { tagStatus = "tagged", tagPatternList = [tag], countType = "imageCountMoreThan", countNumber = 1 }
        action       = { type = "expire" }
      }],
      [{
        rulePriority = 9
        description  = "Of all others the last ones"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.images }
        action       = { type = "expire" }
      }],
    )
  })
}

################################################################################
# Task: dbt build, export, build-db, and the store handed over
################################################################################

resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65: by variable; off in dev only
  name = "${var.name}-loader"

  setting {
    name  = "containerInsights"
    value = var.insights
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338: by variable; a year in prod
  for_each = toset(["task", "bake"])

  name              = "/${var.name}/loader/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = var.lake.key_arn
}

resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_336: the build directory and the store are written to the container's disk, which is sized for them
  family                   = "${var.name}-loader"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory_mb
  execution_role_arn       = aws_iam_role.this["start"].arn
  task_role_arn            = aws_iam_role.this["task"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  ephemeral_storage {
    size_in_gib = var.size.disk_gb
  }

  container_definitions = jsonencode([{
    name      = local.container
    image     = local.image
    essential = true
    command   = ["run", "--target", "athena", "--format", "parquet", "--memory", tostring(floor(var.size.memory_mb / 4)), "--heap-mb", tostring(floor(var.size.memory_mb / 2))]
    environment = [for name, value in merge(var.lake.environment, { KGIMPORT_STORE = "stores/${var.graph}/current" }) : {
      name  = name
      value = value
    }]
    linuxParameters = { initProcessEnabled = true }
    stopTimeout     = 120
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this["task"].name
        awslogs-region        = data.aws_region.this.region
        awslogs-stream-prefix = local.container
      }
    }
  }])
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5: the state machine starts the task in it
  name        = "${var.name}-loader"
  description = "The loader speaks to AWS only, and nobody to it"
  vpc_id      = var.network.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "this" {
  security_group_id = aws_security_group.this.id
  description       = "AWS over HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

################################################################################
# Bake: the store as an image, by the one service with a Docker engine and no machine of ours
################################################################################

resource "aws_codebuild_project" "this" {
  #checkov:skip=CKV_AWS_316: docker build needs the engine; therefore this role sees a finished store and one repository, and nothing of the lake
  name                   = "${var.name}-bake"
  description            = "Bakes a store that was handed over into the graph's image"
  service_role           = aws_iam_role.this["bake"].arn
  encryption_key         = var.lake.key_arn
  build_timeout          = 120
  queued_timeout         = 30
  concurrent_build_limit = 1

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type            = "LINUX_CONTAINER"
    compute_type    = var.compute_type
    image           = "aws/codebuild/standard:7.0"
    privileged_mode = true

    dynamic "environment_variable" {
      for_each = {
        BASE     = var.base_image
        CURRENT  = local.current
        GRAPH    = aws_ecr_repository.this["graph"].repository_url
        LOADER   = local.image
        REPO     = aws_ecr_repository.this["graph"].name
        SERVED   = local.served
        REGISTRY = split("/", aws_ecr_repository.this["graph"].repository_url)[0]
      }

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  source {
    type      = "NO_SOURCE"
    buildspec = file("${path.module}/bake.yml")
  }

  logs_config {
    cloudwatch_logs {
      status     = "ENABLED"
      group_name = aws_cloudwatch_log_group.this["bake"].name
    }
  }
}
