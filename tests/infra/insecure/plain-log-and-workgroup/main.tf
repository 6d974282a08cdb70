resource "aws_athena_workgroup" "this" {
  name = "queries"

  configuration {
    enforce_workgroup_configuration = false
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name = "loader"
}
