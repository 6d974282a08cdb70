resource "aws_glue_crawlers" "this" {
  name = "nightly"
}
