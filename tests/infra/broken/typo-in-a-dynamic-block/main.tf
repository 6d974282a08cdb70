resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = "results"

  dynamic "rules" {
    for_each = ["unload/"]

    content {
      id     = rules.value
      status = "Enabled"
    }
  }

  rule {
    id     = "all"
    status = "Enabled"

    expirations {
      days = 1
    }
  }
}
