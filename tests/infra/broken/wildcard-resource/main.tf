data "aws_iam_policy_document" "loader" {
  statement {
    sid       = "Query"
    actions   = ["athena:StartQueryExecution", "ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "ListOfAnyCluster"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]
  }

  statement {
    sid       = "ListOfOneCluster"
    actions   = ["ecs:ListTasks", "ecs:DescribeTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:aws:ecs:eu-central-1:111122223333:cluster/readers"]
    }
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
