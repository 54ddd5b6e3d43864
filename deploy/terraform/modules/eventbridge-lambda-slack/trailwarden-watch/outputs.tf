output "log_bucket_name" {
  description = "Where log files are."
  value       = aws_s3_bucket.log_bucket.id
}

output "dead_letter_queue" {
  description = "Events that could not be handled."
  value       = aws_sqs_queue.dead_letters.url
}

output "function_arn" {
  description = "The function."
  value       = aws_lambda_function.function.arn
}

output "bus_arn" {
  description = "The central bus."
  value       = "arn:${var.partition}:events:${var.region}:${var.account_id}:event-bus/trailwarden-events"
}

output "health_topic_arn" {
  description = "Subscribe whoever looks after the watch."
  value       = aws_sns_topic.health.arn
}
