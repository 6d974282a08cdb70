output "nightly_arn" {
  description = "The state machine of the night"
  value       = aws_sfn_state_machine.this["nightly"].arn
}

output "topic_arn" {
  description = "Where failures are reported"
  value       = aws_sns_topic.this.arn
}

output "queue_url" {
  description = "Where failed starts are kept"
  value       = aws_sqs_queue.this.url
}
