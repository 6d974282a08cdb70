data "aws_iam_policy_document" "loader" {
  statement {
    sid       = "Query"
    actions   = ["athena:StartQueryExecution", "ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Trust"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::111122223333:role/loader"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

output "policy" {
  description = "The policy"
  value       = data.aws_iam_policy_document.loader.json
}
