output "artifact_bucket_name" {
  description = "Where code and configuration go."
  value       = module.trailwarden_artifacts.artifact_bucket_name
}

output "log_bucket_name" {
  description = "Where log files are."
  value       = module.trailwarden_watch.log_bucket_name
}

output "alerts_topic_arn" {
  description = "Subscribe further readers; it is the topic of the sns sink."
  value       = module.trailwarden_watch.alerts_topic_arn
}

output "dead_letter_queue" {
  description = "Events that could not be handled."
  value       = module.trailwarden_watch.dead_letter_queue
}

output "function_arn" {
  description = "The function."
  value       = module.trailwarden_watch.function_arn
}

output "trail_arn" {
  description = "The trail."
  value       = module.trailwarden_watch.trail_arn
}

output "health_topic_arn" {
  description = "Subscribe whoever looks after the watch."
  value       = module.trailwarden_watch.health_topic_arn
}
