output "trail_arn" {
  description = "The trail."
  value       = "arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"
}
