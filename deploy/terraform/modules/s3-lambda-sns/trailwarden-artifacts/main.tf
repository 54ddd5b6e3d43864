# Bucket of the function's code, the configuration and its rules; apart from the log files.

# Versions of code and configuration; no secret is among them.
resource "aws_s3_bucket" "artifact_bucket" {
  bucket = "trailwarden-artifacts-${var.account_id}-${var.region}"

  # It holds data, so Terraform refuses to destroy it.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifact_bucket" {
  bucket = aws_s3_bucket.artifact_bucket.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "artifact_bucket" {
  bucket                  = aws_s3_bucket.artifact_bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "artifact_bucket" {
  bucket = aws_s3_bucket.artifact_bucket.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "artifact_bucket" {
  bucket = aws_s3_bucket.artifact_bucket.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifact_bucket" {
  bucket = aws_s3_bucket.artifact_bucket.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    filter {
    }
  }
}

# Nobody reads or writes code without TLS.
resource "aws_s3_bucket_policy" "artifact_bucket_policy" {
  bucket = aws_s3_bucket.artifact_bucket.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Nothing is read or written without TLS, whatever else is allowed.
      {
        Sid       = "DenyWithoutTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:*"]
        Resource = [
          "arn:${var.partition}:s3:::trailwarden-artifacts-${var.account_id}-${var.region}",
          "arn:${var.partition}:s3:::trailwarden-artifacts-${var.account_id}-${var.region}/*",
        ]
        Condition = {
          Bool = {
            "aws:SecureTransport" = ["false"]
          }
        }
      },
    ]
  })
}
