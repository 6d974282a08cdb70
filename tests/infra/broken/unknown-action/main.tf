data "aws_iam_policy_document" "loader" {
  statement {
    sid       = "Results"
    actions   = ["s3:GetObjects", "athena:StartQueryExecution"]
    resources = ["arn:aws:s3:::results/*"]
  }
}

output "policy" {
  description = "The policy"
  value       = data.aws_iam_policy_document.loader.json
}
