resource "aws_scheduler_schedule" "this" {
  schedule_expression = "rate(1 day)"

  flexible_time_window = {
    mode = "OFF"
  }

  target {
    arn      = "arn:aws:states:eu-central-1:111122223333:stateMachine:nightly"
    role_arn = "arn:aws:iam::111122223333:role/clock"
  }

  target {
    arn      = "arn:aws:states:eu-central-1:111122223333:stateMachine:nightly"
    role_arn = "arn:aws:iam::111122223333:role/clock"
  }
}
