data "aws_caller_identity" "this" {
  lifecycle {
    precondition {
      condition     = contains(keys(local.sizes), terraform.workspace)
      error_message = "Select a workspace first: terraform workspace select -or-create dev (or stage, prod)."
    }
  }
}

locals {
  # Everything that differs between the workspaces. docs/capacity.md explains the numbers.
  sizes = {
    dev = {
      loader       = { cpu = 2048, memory_mb = 8192, disk_gb = 30 }
      readers      = { cpu = 512, memory_mb = 2048, disk_gb = 21, min = 1, max = 2 }
      bake         = { compute_type = "BUILD_GENERAL1_SMALL" }
      neptune      = { min_ncu = 1, max_ncu = 8, instances = 1, backup_days = 1 }
      drain_s      = 60
      scan_limit   = 10 * pow(1024, 3)
      log_days     = 30
      sample       = true
      disposable   = true
      insights     = "disabled"
      password_ver = 1
      budget_usd   = 150
    }
    stage = {
      loader       = { cpu = 4096, memory_mb = 16384, disk_gb = 50 }
      readers      = { cpu = 1024, memory_mb = 4096, disk_gb = 30, min = 2, max = 4 }
      bake         = { compute_type = "BUILD_GENERAL1_MEDIUM" }
      neptune      = { min_ncu = 1, max_ncu = 32, instances = 1, backup_days = 7 }
      drain_s      = 900
      scan_limit   = 100 * pow(1024, 3)
      log_days     = 90
      sample       = false
      disposable   = false
      insights     = "enabled"
      password_ver = 1
      budget_usd   = 500
    }
    prod = {
      loader       = { cpu = 8192, memory_mb = 32768, disk_gb = 100 }
      readers      = { cpu = 2048, memory_mb = 8192, disk_gb = 40, min = 3, max = 12 }
      bake         = { compute_type = "BUILD_GENERAL1_LARGE" }
      neptune      = { min_ncu = 2.5, max_ncu = 128, instances = 2, backup_days = 14 }
      drain_s      = 900
      scan_limit   = 1024 * pow(1024, 3)
      log_days     = 365
      sample       = false
      disposable   = false
      insights     = "enabled"
      password_ver = 1
      budget_usd   = 1000
    }
  }
  # Another workspace is refused above, with a message that states what to do.
  size = lookup(local.sizes, terraform.workspace, local.sizes.dev)
  name = "${var.project}-${terraform.workspace}"
}

# A warning at each plan, not a refusal: a digest cannot be determined here, without asking a registry.
check "base_image" {
  assert {
    condition     = var.base_image != null
    error_message = "base_image is a tag, which may name another image tomorrow: give its digest (docker buildx imagetools inspect neo4j:…)."
  }
}

################################################################################
# Lake: landing, catalog, Athena
################################################################################

module "lake" {
  source = "./modules/lake"

  name       = local.name
  account_id = data.aws_caller_identity.this.account_id
  customers  = var.customers
  graph      = var.graph
  # Databases have no tags, and the workspaces may share an account.
  glue_prefix     = "${replace(local.name, "-", "_")}_"
  sample_data_dir = local.size.sample ? "${path.root}/../data" : null
  scan_limit      = local.size.scan_limit
  force_destroy   = local.size.disposable
}

################################################################################
# Loader: dbt build, export, build-db as a task; the image as a build
################################################################################

module "loader" {
  source = "./modules/loader"

  name          = local.name
  lake          = module.lake
  graph         = var.graph
  network       = var.network
  image_tag     = var.loader_image_tag
  base_image    = var.base_image
  size          = local.size.loader
  compute_type  = local.size.bake.compute_type
  log_days      = local.size.log_days
  insights      = local.size.insights
  force_destroy = local.size.disposable
}

################################################################################
# Readers: replicas of the graph's image behind a balancer
################################################################################

module "readers" {
  source = "./modules/readers"
  count  = var.neptune == null ? 1 : 0

  name             = local.name
  lake             = module.lake
  repository       = module.loader.graph_repository
  network          = var.network
  size             = local.size.readers
  certificate_arn  = var.certificate_arn
  cidrs            = var.reader_cidrs
  drain_s          = local.size.drain_s
  log_days         = local.size.log_days
  insights         = local.size.insights
  password_version = local.size.password_ver
  protected        = !local.size.disposable
}

################################################################################
# Neptune: a cluster in the place of the readers
################################################################################

module "neptune" {
  source = "./modules/neptune"
  count  = var.neptune == null ? 0 : 1

  name            = local.name
  lake            = module.lake
  loader          = module.loader
  network         = var.network
  route_table_ids = var.neptune.route_table_ids
  clients         = var.neptune.clients
  size            = local.size.neptune
  backup_days     = local.size.neptune.backup_days
  log_days        = local.size.log_days
  topic_arn       = module.schedule.topic_arn
  protected       = !local.size.disposable
}

################################################################################
# Schedule: the night's state machine, its deadline, its notices
################################################################################

module "schedule" {
  source = "./modules/schedule"

  name        = local.name
  lake        = module.lake
  loader      = module.loader
  readers     = one(module.readers)
  neptune     = one(module.neptune)
  network     = var.network
  nightly     = var.nightly
  log_days    = local.size.log_days
  alert_email = var.alert_email

  crawlers_at_once           = var.crawlers_at_once
  tolerated_crawler_failures = var.tolerated_crawler_failures
  monthly_budget_usd         = coalesce(var.monthly_budget_usd, local.size.budget_usd)
}
