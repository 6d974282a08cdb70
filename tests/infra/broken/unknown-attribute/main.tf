resource "aws_sns_topic" "this" {
  name = "alerts"
}

data "aws_region" "this" {}

output "topic" {
  description = "Where failures are told"
  value       = aws_sns_topic.this.arnn
}

output "queue" {
  description = "What is not there"
  value       = aws_sqs_queue.this.url
}

output "region" {
  description = "Where all is"
  value       = data.aws_region.this.regoin
}
