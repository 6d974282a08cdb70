resource "aws_glue_crawler" "this" {
  name          = "nightly"
  role          = "crawler"
  database_name = "landing"

  s3_target {
    exclusions = ["**/_tmp/**"]
  }
}
