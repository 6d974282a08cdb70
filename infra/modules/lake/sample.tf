resource "aws_s3_object" "sample" {
  for_each = toset(local.sample)

  bucket      = aws_s3_bucket.this["landing"].id
  key         = each.value
  source      = "${var.sample_data_dir}/${each.value}"
  source_hash = filemd5("${var.sample_data_dir}/${each.value}")

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this]
}
