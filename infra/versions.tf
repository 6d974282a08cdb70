terraform {
  required_version = ">= 1.11" # write-only arguments: the readers' password never reaches the state

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = var.project
      environment = terraform.workspace
      managed-by  = "terraform"
    }
  }
}
