output "artifact_bucket_name" {
  description = "Where code and configuration go."
  value       = aws_s3_bucket.artifact_bucket.id
}
