output "log_bucket_name" {
  description = "Where log files are."
  value       = aws_s3_bucket.log_bucket.id
}

output "trail_arn" {
  description = "The trail."
  value       = "arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"
}

output "alerts_topic_arn" {
  description = "Subscribe further readers; it is the topic of the sns sink."
  value       = aws_sns_topic.alerts.arn
}

output "dead_letter_queue" {
  description = "Events that could not be handled."
  value       = aws_sqs_queue.dead_letters.url
}

output "function_arn" {
  description = "The function."
  value       = aws_lambda_function.function.arn
}

output "health_topic_arn" {
  description = "Subscribe whoever looks after the watch."
  value       = aws_sns_topic.health.arn
}
