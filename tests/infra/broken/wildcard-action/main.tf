data "aws_iam_policy_document" "loader" {
  statement {
    sid       = "Results"
    actions   = ["s3:GetObject", "s3:Put*"]
    resources = ["arn:aws:s3:::results/*"]
  }

  statement {
    sid       = "Everything"
    actions   = ["*"]
    resources = ["arn:aws:s3:::results/*"]
  }
}

output "policy" {
  description = "The policy"
  value       = data.aws_iam_policy_document.loader.json
}
