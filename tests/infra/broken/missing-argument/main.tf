resource "aws_glue_crawler" "this" {
  name = "nightly"
  role = "crawler"
}
