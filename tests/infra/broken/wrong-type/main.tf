resource "aws_codebuild_project" "this" {
  name          = "bake"
  service_role  = "bake"
  build_timeout = "two hours"

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type            = "LINUX_CONTAINER"
    compute_type    = "BUILD_GENERAL1_SMALL"
    image           = ["aws/codebuild/standard:7.0"]
    privileged_mode = 1
  }

  source {
    type = "NO_SOURCE"
  }
}
