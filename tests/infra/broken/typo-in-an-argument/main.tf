resource "aws_glue_crawler" "this" {
  name          = "nightly"
  databse_name  = "landing"
  database_name = "landing"
  role          = "crawler"
}
