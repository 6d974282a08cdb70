module "lake" {
  source = "./modules/lake"
}

module "loader" {
  source = "./modules/loader"

  lake     = module.lake
  disk_gbs = 30
}

module "readers" {
  source = "./modules/readers"
}

output "bucket" {
  description = "The landing bucket"
  value       = module.lake.buckets
}
