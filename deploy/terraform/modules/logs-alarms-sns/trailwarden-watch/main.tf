# Log group, filters, alarms, topic and function: from a record to an alarm and its story.

# Encrypts log files: who may read them is said twice, by the bucket and by the key.
resource "aws_kms_key" "log_key" {
  description             = "Log files of trailwarden"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The account's IAM policies say who administers the key; without it nobody could.
      {
        Sid    = "AccountAdministers"
        Effect = "Allow"
        Principal = {
          AWS = ["arn:${var.partition}:iam::${var.account_id}:root"]
        }
        Action = [
          "kms:CancelKeyDeletion",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:EnableKey",
          "kms:EnableKeyRotation",
          "kms:DisableKeyRotation",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListGrants",
          "kms:ListKeyPolicies",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:RevokeGrant",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource = ["*"]
      },
      # The account's IAM policies say who decrypts: the function does, by its role.
      {
        Sid    = "AccountDecrypts"
        Effect = "Allow"
        Principal = {
          AWS = ["arn:${var.partition}:iam::${var.account_id}:root"]
        }
        Action = [
          "kms:Decrypt",
          "kms:GenerateDataKey",
        ]
        Resource = ["*"]
      },
      # CloudTrail encrypts log files, for our trail only.
      {
        Sid    = "TrailEncrypts"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action = [
          "kms:GenerateDataKey",
          "kms:Decrypt",
        ]
        Resource = ["*"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"]
          }
          StringLike = {
            "kms:EncryptionContext:aws:cloudtrail:arn" = ["arn:${var.partition}:cloudtrail:*:${var.account_id}:trail/*"]
          }
        }
      },
      # With a bucket key Amazon S3 asks for data keys of the whole bucket, on CloudTrail's behalf.
      {
        Sid    = "TrailEncryptsThroughTheBucket"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action = [
          "kms:GenerateDataKey",
          "kms:Decrypt",
        ]
        Resource = ["*"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"]
          }
          StringLike = {
            "kms:EncryptionContext:aws:s3:arn" = [
              "arn:${var.partition}:s3:::${var.log_bucket_name}",
              "arn:${var.partition}:s3:::${var.log_bucket_name}/*",
            ]
          }
        }
      },
      # CloudTrail looks at the key when the trail is made.
      {
        Sid    = "TrailLooksAtTheKey"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action   = ["kms:DescribeKey"]
        Resource = ["*"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"]
          }
        }
      },
      # Alarms of this account publish to the topic, which encrypts with this key.
      {
        Sid    = "AlarmsEncrypt"
        Effect = "Allow"
        Principal = {
          Service = ["cloudwatch.amazonaws.com"]
        }
        Action = [
          "kms:GenerateDataKey",
          "kms:Decrypt",
        ]
        Resource = ["*"]
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = [var.account_id]
          }
        }
      },
    ]
  })

  # It holds data, so Terraform refuses to destroy it.
  lifecycle {
    prevent_destroy = true
  }
}

# A name for the key, by which the trail's account knows it.
resource "aws_kms_alias" "log_key_alias" {
  name          = "alias/trailwarden-logs"
  target_key_id = aws_kms_key.log_key.key_id
}

# Log files of the trail, their digests beside them.
resource "aws_s3_bucket" "log_bucket" {
  bucket = var.log_bucket_name

  # It holds data, so Terraform refuses to destroy it.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "log_bucket" {
  bucket = aws_s3_bucket.log_bucket.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.log_key.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "log_bucket" {
  bucket                  = aws_s3_bucket.log_bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "log_bucket" {
  bucket = aws_s3_bucket.log_bucket.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "log_bucket" {
  bucket = aws_s3_bucket.log_bucket.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "log_bucket" {
  bucket = aws_s3_bucket.log_bucket.id

  rule {
    id     = "log-files"
    status = "Enabled"

    transition {
      storage_class = "GLACIER_IR"
      days          = 90
    }

    expiration {
      days = 730
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    filter {
    }
  }
}

# Only our trail writes, only where its files belong.
resource "aws_s3_bucket_policy" "log_bucket_policy" {
  bucket = aws_s3_bucket.log_bucket.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # CloudTrail looks whether it may write before it does; only for our trail.
      {
        Sid    = "TrailLooksAtTheBucket"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action   = ["s3:GetBucketAcl"]
        Resource = ["arn:${var.partition}:s3:::${var.log_bucket_name}"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"]
          }
        }
      },
      # Log files of the account that owns the trail.
      {
        Sid    = "TrailWritesItsOwnAccount"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action   = ["s3:PutObject"]
        Resource = ["arn:${var.partition}:s3:::${var.log_bucket_name}/AWSLogs/${var.account_id}/*"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.account_id}:trail/trailwarden"]
            "s3:x-amz-acl"  = ["bucket-owner-full-control"]
          }
        }
      },
      # Nothing is read or written without TLS, whatever else is allowed.
      {
        Sid       = "DenyWithoutTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:*"]
        Resource = [
          "arn:${var.partition}:s3:::${var.log_bucket_name}",
          "arn:${var.partition}:s3:::${var.log_bucket_name}/*",
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

# Records of the trail, as they come.
resource "aws_cloudwatch_log_group" "trail_log" {
  name              = "trailwarden-trail"
  retention_in_days = 90
}

# By it CloudTrail writes into the log group.
resource "aws_iam_role" "trail_log_role" {
  name = "trailwarden-trail-log-${var.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # CloudTrail writes as this role. It does not say for which trail, so that no condition can ask; who makes a trail with the role has to be allowed to pass it.
      {
        Sid    = "Assume"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action = ["sts:AssumeRole"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "trail_log_role" {
  role = aws_iam_role.trail_log_role.id
  name = "trail-log"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The streams that CloudTrail names by account and region, in this one log group.
      {
        Sid    = "WriteRecords"
        Effect = "Allow"
        Action = [
          "logs:CreateLogStream",
          "logs:PutLogEvents",
        ]
        Resource = ["arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:trailwarden-trail:log-stream:${var.account_id}_CloudTrail_*"]
      },
    ]
  })
}

# Records what happens, in every region, and signs it.
resource "aws_cloudtrail" "trail" {
  name                          = "trailwarden"
  s3_bucket_name                = var.log_bucket_name
  enable_logging                = true
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  is_organization_trail         = false

  advanced_event_selector {
    name = "Management events, read and write"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }
  kms_key_id                 = aws_kms_key.log_key.arn
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.trail_log.arn}:*"
  cloud_watch_logs_role_arn  = aws_iam_role.trail_log_role.arn
  depends_on = [
    aws_iam_role_policy.trail_log_role,
    aws_s3_bucket_policy.log_bucket_policy,
  ]
}

# Carries alerts to people: mail, SMS, HTTPS, queues and push.
resource "aws_sns_topic" "alerts" {
  name              = "trailwarden-alerts"
  display_name      = "Trailwarden"
  kms_master_key_id = aws_kms_key.log_key.key_id
}

# Mail to the first reader, once confirmed.
resource "aws_sns_topic_subscription" "alerts_mail" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

# Alarms of this account publish here.
resource "aws_sns_topic_policy" "alerts_policy" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Alarms of this watch, and nobody else's.
      {
        Sid    = "AlarmsPublish"
        Effect = "Allow"
        Principal = {
          Service = ["cloudwatch.amazonaws.com"]
        }
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.alerts.arn]
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = [var.account_id]
          }
          ArnLike = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudwatch:${var.region}:${var.account_id}:alarm:trailwarden-*"]
          }
        }
      },
    ]
  })
}

# The function's own log, which otherwise would be kept for ever.
resource "aws_cloudwatch_log_group" "function_log" {
  name              = "/aws/lambda/trailwarden-watch"
  retention_in_days = 90
}

# What the function may do: what the configuration makes it do, and nothing else.
resource "aws_iam_role" "function_role" {
  name = "trailwarden-watch-${var.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Lambda runs the function as this role, for functions of this account only.
      {
        Sid    = "Assume"
        Effect = "Allow"
        Principal = {
          Service = ["lambda.amazonaws.com"]
        }
        Action = ["sts:AssumeRole"]
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = [var.account_id]
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "function_role" {
  role = aws_iam_role.function_role.id
  name = "watch"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The function's own log, and no other.
      {
        Sid    = "WriteOwnLog"
        Effect = "Allow"
        Action = [
          "logs:CreateLogStream",
          "logs:PutLogEvents",
        ]
        Resource = ["${aws_cloudwatch_log_group.function_log.arn}:*"]
      },
      # Events of invocations that failed for good go to the dead letters.
      {
        Sid      = "KeepWhatFailed"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters.arn]
      },
      # The configuration and its rules, which are looked at every minute.
      {
        Sid      = "ReadConfiguration"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["arn:${var.partition}:s3:::trailwarden-artifacts-${var.account_id}-${var.region}/config/*"]
      },
      # Which rule files there are beside the configuration.
      {
        Sid      = "ListRules"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = ["arn:${var.partition}:s3:::trailwarden-artifacts-${var.account_id}-${var.region}"]
        Condition = {
          StringLike = {
            "s3:prefix" = ["config/*"]
          }
        }
      },
      # Alerts to this topic, and no other.
      {
        Sid      = "PublishPhone"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.alerts.arn]
      },
      # The topic encrypts messages with this key.
      {
        Sid    = "EncryptPhone"
        Effect = "Allow"
        Action = [
          "kms:Decrypt",
          "kms:GenerateDataKey",
        ]
        Resource = [aws_kms_key.log_key.arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["sns.${var.region}.amazonaws.com"]
          }
        }
      },
    ]
  })
}

# Events that could not be handled, for 14 days: look at them, and put them back.
resource "aws_sqs_queue" "dead_letters" {
  name                       = "trailwarden-dead-letters"
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 60
}

# Judges records by the rules and tells the sinks.
resource "aws_lambda_function" "function" {
  function_name = "trailwarden-watch"
  description   = "Trailwarden: CloudWatch Logs to metric filters and alarms to Amazon SNS, with a function that says who and what"
  role          = aws_iam_role.function_role.arn
  architectures = ["arm64"]
  memory_size   = 512
  timeout       = 300

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function_log.name
  }

  environment {
    variables = {
      TRAILWARDEN_CONFIG  = "s3://trailwarden-artifacts-${var.account_id}-${var.region}/config/trailwarden.yaml"
      TRAILWARDEN_REFRESH = "1m"
    }
  }
  package_type = "Zip"
  runtime      = "provided.al2023"
  handler      = "bootstrap"
  s3_bucket    = "trailwarden-artifacts-${var.account_id}-${var.region}"
  s3_key       = var.code_key
  depends_on   = [aws_iam_role_policy.function_role]
}

# An invocation that fails is tried again twice, and then kept with its event.
resource "aws_lambda_function_event_invoke_config" "function_retries" {
  function_name                = aws_lambda_function.function.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

# Is told when the watch itself fails; not by the function, which then may not be able to.
resource "aws_sns_topic" "health" {
  name         = "trailwarden-health"
  display_name = "Trailwarden health"
}

# CloudWatch's alarms of this account publish here.
resource "aws_sns_topic_policy" "health_policy" {
  arn = aws_sns_topic.health.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Alarms of this watch, and nobody else's.
      {
        Sid    = "AlarmsPublish"
        Effect = "Allow"
        Principal = {
          Service = ["cloudwatch.amazonaws.com"]
        }
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.health.arn]
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = [var.account_id]
          }
          ArnLike = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudwatch:${var.region}:${var.account_id}:alarm:trailwarden-*"]
          }
        }
      },
    ]
  })
}

# The function fails: configuration, permissions or a sink.
resource "aws_cloudwatch_metric_alarm" "function_errors" {
  alarm_name        = "trailwarden-function-errors"
  alarm_description = "The function fails: configuration, permissions or a sink."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = aws_lambda_function.function.function_name
  }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}

# The function is held back: raise its concurrency.
resource "aws_cloudwatch_metric_alarm" "function_throttles" {
  alarm_name        = "trailwarden-function-throttles"
  alarm_description = "The function is held back: raise its concurrency."
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = aws_lambda_function.function.function_name
  }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}

# Events could not be handled and wait in the dead-letter queue.
resource "aws_cloudwatch_metric_alarm" "dead_letters_waiting" {
  alarm_name        = "trailwarden-dead-letters"
  alarm_description = "Events could not be handled and wait in the dead-letter queue."
  namespace         = "AWS/SQS"
  metric_name       = "ApproximateNumberOfMessagesVisible"
  dimensions = {
    QueueName = aws_sqs_queue.dead_letters.name
  }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}

# Events wait long before they are judged.
resource "aws_cloudwatch_metric_alarm" "events_age" {
  alarm_name        = "trailwarden-event-age"
  alarm_description = "Events wait long before they are judged."
  namespace         = "AWS/Lambda"
  metric_name       = "AsyncEventAge"
  dimensions = {
    FunctionName = aws_lambda_function.function.function_name
  }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 900000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}

# Counts records of rule access-denied.
resource "aws_cloudwatch_log_metric_filter" "filter_access_denied" {
  name           = "trailwarden-access-denied"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ (($.errorCode = \"AccessDenied*\" || $.errorCode = \"*UnauthorizedOperation\" || $.errorCode = \"*UnauthorizedAccess\" || $.errorCode = \"*.AccessDenied\" || $.errorCode = \"NotAuthorized*\") && ($.userIdentity.type NOT EXISTS || $.userIdentity.type != \"AWSService\") && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != \"*.amazonaws.com\") && ($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS || $.userIdentity.sessionContext.sessionIssuer.arn != \"*:role/aws-service-role/*\") && ($.userIdentity.accountId NOT EXISTS || $.userIdentity.accountId != \"anonymous\")) }"

  metric_transformation {
    name          = "access-denied"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Call refused for lack of permission
resource "aws_cloudwatch_metric_alarm" "alarm_access_denied" {
  alarm_name          = "trailwarden-rule-access-denied"
  alarm_description   = "Call refused for lack of permission"
  namespace           = "Trailwarden"
  metric_name         = "access-denied"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule access-key-created.
resource "aws_cloudwatch_log_metric_filter" "filter_access_key_created" {
  name           = "trailwarden-access-key-created"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"iam.amazonaws.com\" && $.errorCode NOT EXISTS && (($.eventName = \"CreateAccessKey\" || $.eventName = \"CreateServiceSpecificCredential\" || $.eventName = \"UploadSigningCertificate\") || $.eventName = \"UpdateAccessKey\")) }"

  metric_transformation {
    name          = "access-key-created"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Long-lived credential created
resource "aws_cloudwatch_metric_alarm" "alarm_access_key_created" {
  alarm_name          = "trailwarden-rule-access-key-created"
  alarm_description   = "Long-lived credential created"
  namespace           = "Trailwarden"
  metric_name         = "access-key-created"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule cloudtrail-narrowed.
resource "aws_cloudwatch_log_metric_filter" "filter_cloudtrail_narrowed" {
  name           = "trailwarden-cloudtrail-narrowed"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"cloudtrail.amazonaws.com\" && $.errorCode NOT EXISTS && ($.eventName = \"UpdateTrail\" || $.eventName = \"PutEventSelectors\")) }"

  metric_transformation {
    name          = "cloudtrail-narrowed"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# CloudTrail made to record less
resource "aws_cloudwatch_metric_alarm" "alarm_cloudtrail_narrowed" {
  alarm_name          = "trailwarden-rule-cloudtrail-narrowed"
  alarm_description   = "CloudTrail made to record less"
  namespace           = "Trailwarden"
  metric_name         = "cloudtrail-narrowed"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule cloudtrail-stopped.
resource "aws_cloudwatch_log_metric_filter" "filter_cloudtrail_stopped" {
  name           = "trailwarden-cloudtrail-stopped"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"cloudtrail.amazonaws.com\" && ($.eventName = \"StopLogging\" || $.eventName = \"DeleteTrail\" || $.eventName = \"StopEventDataStoreIngestion\" || $.eventName = \"DeleteEventDataStore\") && $.errorCode NOT EXISTS) }"

  metric_transformation {
    name          = "cloudtrail-stopped"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# CloudTrail stopped or deleted
resource "aws_cloudwatch_metric_alarm" "alarm_cloudtrail_stopped" {
  alarm_name          = "trailwarden-rule-cloudtrail-stopped"
  alarm_description   = "CloudTrail stopped or deleted"
  namespace           = "Trailwarden"
  metric_name         = "cloudtrail-stopped"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule config-disabled.
resource "aws_cloudwatch_log_metric_filter" "filter_config_disabled" {
  name           = "trailwarden-config-disabled"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"config.amazonaws.com\" && $.errorCode NOT EXISTS && ($.eventName = \"StopConfigurationRecorder\" || $.eventName = \"DeleteConfigurationRecorder\" || $.eventName = \"DeleteDeliveryChannel\") && ($.userIdentity.type NOT EXISTS || $.userIdentity.type != \"AWSService\")) }"

  metric_transformation {
    name          = "config-disabled"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# AWS Config recording stopped
resource "aws_cloudwatch_metric_alarm" "alarm_config_disabled" {
  alarm_name          = "trailwarden-rule-config-disabled"
  alarm_description   = "AWS Config recording stopped"
  namespace           = "Trailwarden"
  metric_name         = "config-disabled"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule console-sign-in-failed.
resource "aws_cloudwatch_log_metric_filter" "filter_console_sign_in_failed" {
  name           = "trailwarden-console-sign-in-failed"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ $.eventName = \"ConsoleLogin\" }"

  metric_transformation {
    name          = "console-sign-in-failed"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Failed console sign-in
resource "aws_cloudwatch_metric_alarm" "alarm_console_sign_in_failed" {
  alarm_name          = "trailwarden-rule-console-sign-in-failed"
  alarm_description   = "Failed console sign-in"
  namespace           = "Trailwarden"
  metric_name         = "console-sign-in-failed"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule federation-token-taken.
resource "aws_cloudwatch_log_metric_filter" "filter_federation_token_taken" {
  name           = "trailwarden-federation-token-taken"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"sts.amazonaws.com\" && $.eventName = \"GetFederationToken\" && $.errorCode NOT EXISTS && $.userIdentity.invokedBy NOT EXISTS) }"

  metric_transformation {
    name          = "federation-token-taken"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Federation token taken by a user
resource "aws_cloudwatch_metric_alarm" "alarm_federation_token_taken" {
  alarm_name          = "trailwarden-rule-federation-token-taken"
  alarm_description   = "Federation token taken by a user"
  namespace           = "Trailwarden"
  metric_name         = "federation-token-taken"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule function-opened.
resource "aws_cloudwatch_log_metric_filter" "filter_function_opened" {
  name           = "trailwarden-function-opened"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"lambda.amazonaws.com\" && $.errorCode NOT EXISTS && ($.eventName = \"*\" || ($.eventName = \"CreateFunctionUrlConfig*\" || $.eventName = \"UpdateFunctionUrlConfig*\"))) }"

  metric_transformation {
    name          = "function-opened"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Lambda function opened to others
resource "aws_cloudwatch_metric_alarm" "alarm_function_opened" {
  alarm_name          = "trailwarden-rule-function-opened"
  alarm_description   = "Lambda function opened to others"
  namespace           = "Trailwarden"
  metric_name         = "function-opened"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule gpu-instance-started.
resource "aws_cloudwatch_log_metric_filter" "filter_gpu_instance_started" {
  name           = "trailwarden-gpu-instance-started"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"ec2.amazonaws.com\" && $.eventName = \"RunInstances\" && ($.errorCode NOT EXISTS || ($.errorCode = \"Client.UnauthorizedOperation\" || $.errorCode = \"Client.VcpuLimitExceeded\" || $.errorCode = \"Server.InsufficientInstanceCapacity\")) && $.userIdentity.invokedBy NOT EXISTS) }"

  metric_transformation {
    name          = "gpu-instance-started"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Machines with graphics processors started
resource "aws_cloudwatch_metric_alarm" "alarm_gpu_instance_started" {
  alarm_name          = "trailwarden-rule-gpu-instance-started"
  alarm_description   = "Machines with graphics processors started"
  namespace           = "Trailwarden"
  metric_name         = "gpu-instance-started"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule guardduty-disabled.
resource "aws_cloudwatch_log_metric_filter" "filter_guardduty_disabled" {
  name           = "trailwarden-guardduty-disabled"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"guardduty.amazonaws.com\" && $.errorCode NOT EXISTS && (($.eventName = \"DeleteDetector\" || $.eventName = \"StopMonitoringMembers\" || $.eventName = \"DisassociateMembers\" || $.eventName = \"DeleteMembers\" || $.eventName = \"DisassociateFromMasterAccount\" || $.eventName = \"DisassociateFromAdministratorAccount\" || $.eventName = \"DisableOrganizationAdminAccount\" || $.eventName = \"DeletePublishingDestination\" || $.eventName = \"CreateIPSet\" || $.eventName = \"UpdateIPSet\") || $.eventName = \"UpdateDetector\" || ($.eventName = \"CreateFilter\" || $.eventName = \"UpdateFilter\"))) }"

  metric_transformation {
    name          = "guardduty-disabled"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# GuardDuty disabled or weakened
resource "aws_cloudwatch_metric_alarm" "alarm_guardduty_disabled" {
  alarm_name          = "trailwarden-rule-guardduty-disabled"
  alarm_description   = "GuardDuty disabled or weakened"
  namespace           = "Trailwarden"
  metric_name         = "guardduty-disabled"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule iam-admin-granted.
resource "aws_cloudwatch_log_metric_filter" "filter_iam_admin_granted" {
  name           = "trailwarden-iam-admin-granted"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"iam.amazonaws.com\" && $.errorCode NOT EXISTS && (($.eventName = \"AttachUserPolicy\" || $.eventName = \"AttachRolePolicy\" || $.eventName = \"AttachGroupPolicy\") || ($.eventName = \"PutUserPolicy\" || $.eventName = \"PutRolePolicy\" || $.eventName = \"PutGroupPolicy\" || $.eventName = \"CreatePolicy\" || $.eventName = \"CreatePolicyVersion\"))) }"

  metric_transformation {
    name          = "iam-admin-granted"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Administrator rights granted
resource "aws_cloudwatch_metric_alarm" "alarm_iam_admin_granted" {
  alarm_name          = "trailwarden-rule-iam-admin-granted"
  alarm_description   = "Administrator rights granted"
  namespace           = "Trailwarden"
  metric_name         = "iam-admin-granted"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule iam-policy-changed.
resource "aws_cloudwatch_log_metric_filter" "filter_iam_policy_changed" {
  name           = "trailwarden-iam-policy-changed"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"iam.amazonaws.com\" && $.errorCode NOT EXISTS && ($.eventName = \"CreatePolicy\" || $.eventName = \"CreatePolicyVersion\" || $.eventName = \"SetDefaultPolicyVersion\" || $.eventName = \"PutUserPolicy\" || $.eventName = \"PutRolePolicy\" || $.eventName = \"PutGroupPolicy\" || $.eventName = \"AttachUserPolicy\" || $.eventName = \"AttachRolePolicy\" || $.eventName = \"AttachGroupPolicy\" || $.eventName = \"AddUserToGroup\" || $.eventName = \"DeleteUserPermissionsBoundary\" || $.eventName = \"DeleteRolePermissionsBoundary\") && ($.userIdentity.type NOT EXISTS || $.userIdentity.type != \"AWSService\") && ($.eventType NOT EXISTS || $.eventType != \"AwsServiceEvent\") && ($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS || $.userIdentity.sessionContext.sessionIssuer.arn != \"*:role/aws-service-role/*\")) }"

  metric_transformation {
    name          = "iam-policy-changed"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# IAM permissions changed
resource "aws_cloudwatch_metric_alarm" "alarm_iam_policy_changed" {
  alarm_name          = "trailwarden-rule-iam-policy-changed"
  alarm_description   = "IAM permissions changed"
  namespace           = "Trailwarden"
  metric_name         = "iam-policy-changed"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule iam-user-created.
resource "aws_cloudwatch_log_metric_filter" "filter_iam_user_created" {
  name           = "trailwarden-iam-user-created"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"iam.amazonaws.com\" && $.eventName = \"CreateUser\" && $.errorCode NOT EXISTS) }"

  metric_transformation {
    name          = "iam-user-created"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# IAM user created
resource "aws_cloudwatch_metric_alarm" "alarm_iam_user_created" {
  alarm_name          = "trailwarden-rule-iam-user-created"
  alarm_description   = "IAM user created"
  namespace           = "Trailwarden"
  metric_name         = "iam-user-created"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule instance-user-data-changed.
resource "aws_cloudwatch_log_metric_filter" "filter_instance_user_data_changed" {
  name           = "trailwarden-instance-user-data-changed"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"ec2.amazonaws.com\" && $.eventName = \"ModifyInstanceAttribute\" && $.errorCode NOT EXISTS) }"

  metric_transformation {
    name          = "instance-user-data-changed"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Start script of an instance changed
resource "aws_cloudwatch_metric_alarm" "alarm_instance_user_data_changed" {
  alarm_name          = "trailwarden-rule-instance-user-data-changed"
  alarm_description   = "Start script of an instance changed"
  namespace           = "Trailwarden"
  metric_name         = "instance-user-data-changed"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule kms-key-deletion.
resource "aws_cloudwatch_log_metric_filter" "filter_kms_key_deletion" {
  name           = "trailwarden-kms-key-deletion"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"kms.amazonaws.com\" && ($.eventName = \"ScheduleKeyDeletion\" || $.eventName = \"DeleteImportedKeyMaterial\" || $.eventName = \"DisableKey\") && $.errorCode NOT EXISTS && ($.userIdentity.type NOT EXISTS || $.userIdentity.type != \"AWSService\")) }"

  metric_transformation {
    name          = "kms-key-deletion"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# KMS key deletion scheduled
resource "aws_cloudwatch_metric_alarm" "alarm_kms_key_deletion" {
  alarm_name          = "trailwarden-rule-kms-key-deletion"
  alarm_description   = "KMS key deletion scheduled"
  namespace           = "Trailwarden"
  metric_name         = "kms-key-deletion"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule login-profile-changed.
resource "aws_cloudwatch_log_metric_filter" "filter_login_profile_changed" {
  name           = "trailwarden-login-profile-changed"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"iam.amazonaws.com\" && ($.eventName = \"CreateLoginProfile\" || $.eventName = \"UpdateLoginProfile\") && $.errorCode NOT EXISTS) }"

  metric_transformation {
    name          = "login-profile-changed"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Console password created or reset for an IAM user
resource "aws_cloudwatch_metric_alarm" "alarm_login_profile_changed" {
  alarm_name          = "trailwarden-rule-login-profile-changed"
  alarm_description   = "Console password created or reset for an IAM user"
  namespace           = "Trailwarden"
  metric_name         = "login-profile-changed"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule model-access-opened.
resource "aws_cloudwatch_log_metric_filter" "filter_model_access_opened" {
  name           = "trailwarden-model-access-opened"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && ($.eventName = \"PutUseCaseForModelAccess\" || $.eventName = \"PutFoundationModelEntitlement\" || $.eventName = \"CreateFoundationModelAgreement\") && $.eventSource = \"bedrock.amazonaws.com\") }"

  metric_transformation {
    name          = "model-access-opened"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Access to AI models opened
resource "aws_cloudwatch_metric_alarm" "alarm_model_access_opened" {
  alarm_name          = "trailwarden-rule-model-access-opened"
  alarm_description   = "Access to AI models opened"
  namespace           = "Trailwarden"
  metric_name         = "model-access-opened"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule network-logs-deleted.
resource "aws_cloudwatch_log_metric_filter" "filter_network_logs_deleted" {
  name           = "trailwarden-network-logs-deleted"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && (($.eventName = \"DeleteFlowLogs\" && $.eventSource = \"ec2.amazonaws.com\") || (($.eventName = \"DeleteResolverQueryLogConfig\" || $.eventName = \"DisassociateResolverQueryLogConfig\") && $.eventSource = \"route53resolver.amazonaws.com\") || ($.eventName = \"DeleteQueryLoggingConfig\" && $.eventSource = \"route53.amazonaws.com\") || ($.eventName = \"DeleteLoggingConfiguration\" && $.eventSource = \"waf*\"))) }"

  metric_transformation {
    name          = "network-logs-deleted"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Network or name logs deleted
resource "aws_cloudwatch_metric_alarm" "alarm_network_logs_deleted" {
  alarm_name          = "trailwarden-rule-network-logs-deleted"
  alarm_description   = "Network or name logs deleted"
  namespace           = "Trailwarden"
  metric_name         = "network-logs-deleted"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule organization-left.
resource "aws_cloudwatch_log_metric_filter" "filter_organization_left" {
  name           = "trailwarden-organization-left"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"organizations.amazonaws.com\" && ($.eventName = \"LeaveOrganization\" || ($.errorCode NOT EXISTS && ($.eventName = \"RemoveAccountFromOrganization\" || $.eventName = \"DeleteOrganization\" || $.eventName = \"DetachPolicy\" || $.eventName = \"DisablePolicyType\")))) }"

  metric_transformation {
    name          = "organization-left"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Guard rails of the organization removed
resource "aws_cloudwatch_metric_alarm" "alarm_organization_left" {
  alarm_name          = "trailwarden-rule-organization-left"
  alarm_description   = "Guard rails of the organization removed"
  namespace           = "Trailwarden"
  metric_name         = "organization-left"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule parameters-omitted.
resource "aws_cloudwatch_log_metric_filter" "filter_parameters_omitted" {
  name           = "trailwarden-parameters-omitted"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ (($.eventSource = \"iam.amazonaws.com\" || $.eventSource = \"kms.amazonaws.com\" || $.eventSource = \"s3.amazonaws.com\" || $.eventSource = \"organizations.amazonaws.com\" || $.eventSource = \"sts.amazonaws.com\") && ($.readOnly NOT EXISTS || $.readOnly != \"true\") && ($.eventCategory NOT EXISTS || ($.eventCategory != \"Data\" && $.eventCategory != \"NetworkActivity\")) && $.errorCode NOT EXISTS) }"

  metric_transformation {
    name          = "parameters-omitted"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Change whose parameters CloudTrail left out
resource "aws_cloudwatch_metric_alarm" "alarm_parameters_omitted" {
  alarm_name          = "trailwarden-rule-parameters-omitted"
  alarm_description   = "Change whose parameters CloudTrail left out"
  namespace           = "Trailwarden"
  metric_name         = "parameters-omitted"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule resource-deletion.
resource "aws_cloudwatch_log_metric_filter" "filter_resource_deletion" {
  name           = "trailwarden-resource-deletion"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ (($.eventName = \"Delete*\" || $.eventName = \"BatchDelete*\" || $.eventName = \"Terminate*\" || $.eventName = \"Deregister*\" || $.eventName = \"Revoke*\" || $.eventName = \"Purge*\" || $.eventName = \"ScheduleKeyDeletion*\") && $.errorCode NOT EXISTS && ($.readOnly NOT EXISTS || $.readOnly != \"true\") && ($.eventCategory NOT EXISTS || ($.eventCategory != \"Data\" && $.eventCategory != \"NetworkActivity\")) && ($.managementEvent NOT EXISTS || $.managementEvent != \"false\") && ($.userIdentity.type NOT EXISTS || $.userIdentity.type != \"AWSService\") && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != \"*.amazonaws.com\") && ($.eventType NOT EXISTS || $.eventType != \"AwsServiceEvent\") && ($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS || $.userIdentity.sessionContext.sessionIssuer.arn != \"*:role/aws-service-role/*\") && ($.eventName NOT EXISTS || ($.eventName != \"DeleteTags\" && $.eventName != \"DeleteNetworkInterface\" && $.eventName != \"DeleteLogStream\" && $.eventName != \"TerminateSession\"))) }"

  metric_transformation {
    name          = "resource-deletion"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Resource deleted
resource "aws_cloudwatch_metric_alarm" "alarm_resource_deletion" {
  alarm_name          = "trailwarden-rule-resource-deletion"
  alarm_description   = "Resource deleted"
  namespace           = "Trailwarden"
  metric_name         = "resource-deletion"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule role-trust-changed.
resource "aws_cloudwatch_log_metric_filter" "filter_role_trust_changed" {
  name           = "trailwarden-role-trust-changed"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"iam.amazonaws.com\" && $.errorCode NOT EXISTS && ($.eventName = \"UpdateAssumeRolePolicy\" || $.eventName = \"CreateRole\")) }"

  metric_transformation {
    name          = "role-trust-changed"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Role opened to other principals
resource "aws_cloudwatch_metric_alarm" "alarm_role_trust_changed" {
  alarm_name          = "trailwarden-rule-role-trust-changed"
  alarm_description   = "Role opened to other principals"
  namespace           = "Trailwarden"
  metric_name         = "role-trust-changed"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule roles-anywhere-trusted.
resource "aws_cloudwatch_log_metric_filter" "filter_roles_anywhere_trusted" {
  name           = "trailwarden-roles-anywhere-trusted"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && ($.eventName = \"CreateTrustAnchor\" || $.eventName = \"UpdateTrustAnchor\" || $.eventName = \"EnableTrustAnchor\") && $.eventSource = \"rolesanywhere.amazonaws.com\") }"

  metric_transformation {
    name          = "roles-anywhere-trusted"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Certificates trusted to take roles
resource "aws_cloudwatch_metric_alarm" "alarm_roles_anywhere_trusted" {
  alarm_name          = "trailwarden-rule-roles-anywhere-trusted"
  alarm_description   = "Certificates trusted to take roles"
  namespace           = "Trailwarden"
  metric_name         = "roles-anywhere-trusted"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule root-activity.
resource "aws_cloudwatch_log_metric_filter" "filter_root_activity" {
  name           = "trailwarden-root-activity"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && ($.eventType NOT EXISTS || $.eventType != \"AwsServiceEvent\") && ($.eventName NOT EXISTS || $.eventName != \"ConsoleLogin\")) }"

  metric_transformation {
    name          = "root-activity"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Root user used
resource "aws_cloudwatch_metric_alarm" "alarm_root_activity" {
  alarm_name          = "trailwarden-rule-root-activity"
  alarm_description   = "Root user used"
  namespace           = "Trailwarden"
  metric_name         = "root-activity"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule root-sign-in.
resource "aws_cloudwatch_log_metric_filter" "filter_root_sign_in" {
  name           = "trailwarden-root-sign-in"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventName = \"ConsoleLogin\" && $.userIdentity.type = \"Root\") }"

  metric_transformation {
    name          = "root-sign-in"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Root user signed in to the console
resource "aws_cloudwatch_metric_alarm" "alarm_root_sign_in" {
  alarm_name          = "trailwarden-rule-root-sign-in"
  alarm_description   = "Root user signed in to the console"
  namespace           = "Trailwarden"
  metric_name         = "root-sign-in"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule s3-bucket-public.
resource "aws_cloudwatch_log_metric_filter" "filter_s3_bucket_public" {
  name           = "trailwarden-s3-bucket-public"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && $.eventSource = \"s3.amazonaws.com\" && ($.eventName = \"PutBucketPolicy\" || ($.eventName = \"PutBucketAcl\" || $.eventName = \"CreateBucket\") || $.eventName = \"PutBucketAcl\")) }"

  metric_transformation {
    name          = "s3-bucket-public"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# S3 bucket made public
resource "aws_cloudwatch_metric_alarm" "alarm_s3_bucket_public" {
  alarm_name          = "trailwarden-rule-s3-bucket-public"
  alarm_description   = "S3 bucket made public"
  namespace           = "Trailwarden"
  metric_name         = "s3-bucket-public"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule s3-public-access-block-lifted.
resource "aws_cloudwatch_log_metric_filter" "filter_s3_public_access_block_lifted" {
  name           = "trailwarden-s3-public-access-block-lifted"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ (($.eventSource = \"s3.amazonaws.com\" || $.eventSource = \"s3express.amazonaws.com\") && $.errorCode NOT EXISTS && (($.eventName = \"DeleteBucketPublicAccessBlock\" || $.eventName = \"DeleteAccountPublicAccessBlock\") || ($.eventName = \"PutBucketPublicAccessBlock\" || $.eventName = \"PutAccountPublicAccessBlock\"))) }"

  metric_transformation {
    name          = "s3-public-access-block-lifted"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# S3 public access block lifted
resource "aws_cloudwatch_metric_alarm" "alarm_s3_public_access_block_lifted" {
  alarm_name          = "trailwarden-rule-s3-public-access-block-lifted"
  alarm_description   = "S3 public access block lifted"
  namespace           = "Trailwarden"
  metric_name         = "s3-public-access-block-lifted"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule secrets-read-by-filter.
resource "aws_cloudwatch_log_metric_filter" "filter_secrets_read_by_filter" {
  name           = "trailwarden-secrets-read-by-filter"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"secretsmanager.amazonaws.com\" && $.eventName = \"BatchGetSecretValue\" && $.errorCode NOT EXISTS && $.userIdentity.invokedBy NOT EXISTS) }"

  metric_transformation {
    name          = "secrets-read-by-filter"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Secrets read by a filter
resource "aws_cloudwatch_metric_alarm" "alarm_secrets_read_by_filter" {
  alarm_name          = "trailwarden-rule-secrets-read-by-filter"
  alarm_description   = "Secrets read by a filter"
  namespace           = "Trailwarden"
  metric_name         = "secrets-read-by-filter"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule security-group-opened.
resource "aws_cloudwatch_log_metric_filter" "filter_security_group_opened" {
  name           = "trailwarden-security-group-opened"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && $.eventSource = \"ec2.amazonaws.com\" && ($.eventName = \"AuthorizeSecurityGroupIngress\" || $.eventName = \"ModifySecurityGroupRules\")) }"

  metric_transformation {
    name          = "security-group-opened"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Security group opened to the Internet
resource "aws_cloudwatch_metric_alarm" "alarm_security_group_opened" {
  alarm_name          = "trailwarden-rule-security-group-opened"
  alarm_description   = "Security group opened to the Internet"
  namespace           = "Trailwarden"
  metric_name         = "security-group-opened"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule securityhub-disabled.
resource "aws_cloudwatch_log_metric_filter" "filter_securityhub_disabled" {
  name           = "trailwarden-securityhub-disabled"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventSource = \"securityhub.amazonaws.com\" && $.errorCode NOT EXISTS && ($.eventName = \"DisableSecurityHub\" || $.eventName = \"DisableSecurityHubV2\" || $.eventName = \"BatchDisableStandards\" || $.eventName = \"DisableImportFindingsForProduct\" || $.eventName = \"DisassociateFromMasterAccount\" || $.eventName = \"DisassociateFromAdministratorAccount\" || $.eventName = \"DisassociateMembers\" || $.eventName = \"DeleteMembers\" || $.eventName = \"DisableOrganizationAdminAccount\")) }"

  metric_transformation {
    name          = "securityhub-disabled"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Security Hub disabled or weakened
resource "aws_cloudwatch_metric_alarm" "alarm_securityhub_disabled" {
  alarm_name          = "trailwarden-rule-securityhub-disabled"
  alarm_description   = "Security Hub disabled or weakened"
  namespace           = "Trailwarden"
  metric_name         = "securityhub-disabled"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule serial-console-used.
resource "aws_cloudwatch_log_metric_filter" "filter_serial_console_used" {
  name           = "trailwarden-serial-console-used"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && (($.eventName = \"EnableSerialConsoleAccess\" && $.eventSource = \"ec2.amazonaws.com\") || ($.eventName = \"SendSerialConsoleSSHPublicKey\" && $.eventSource = \"ec2-instance-connect.amazonaws.com\"))) }"

  metric_transformation {
    name          = "serial-console-used"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Serial console of machines used
resource "aws_cloudwatch_metric_alarm" "alarm_serial_console_used" {
  alarm_name          = "trailwarden-rule-serial-console-used"
  alarm_description   = "Serial console of machines used"
  namespace           = "Trailwarden"
  metric_name         = "serial-console-used"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule sign-in-without-mfa.
resource "aws_cloudwatch_log_metric_filter" "filter_sign_in_without_mfa" {
  name           = "trailwarden-sign-in-without-mfa"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.eventName = \"ConsoleLogin\" && ($.userIdentity.type = \"IAMUser\" || $.userIdentity.type = \"Root\")) }"

  metric_transformation {
    name          = "sign-in-without-mfa"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Console sign-in without MFA
resource "aws_cloudwatch_metric_alarm" "alarm_sign_in_without_mfa" {
  alarm_name          = "trailwarden-rule-sign-in-without-mfa"
  alarm_description   = "Console sign-in without MFA"
  namespace           = "Trailwarden"
  metric_name         = "sign-in-without-mfa"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule snapshot-shared.
resource "aws_cloudwatch_log_metric_filter" "filter_snapshot_shared" {
  name           = "trailwarden-snapshot-shared"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.errorCode NOT EXISTS && (($.eventSource = \"ec2.amazonaws.com\" && $.eventName = \"ModifySnapshotAttribute\") || ($.eventSource = \"ec2.amazonaws.com\" && $.eventName = \"ModifyImageAttribute\") || ($.eventSource = \"rds.amazonaws.com\" && ($.eventName = \"ModifyDBSnapshotAttribute\" || $.eventName = \"ModifyDBClusterSnapshotAttribute\")))) }"

  metric_transformation {
    name          = "snapshot-shared"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Snapshot or image shared
resource "aws_cloudwatch_metric_alarm" "alarm_snapshot_shared" {
  alarm_name          = "trailwarden-rule-snapshot-shared"
  alarm_description   = "Snapshot or image shared"
  namespace           = "Trailwarden"
  metric_name         = "snapshot-shared"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Counts records of rule unapproved-region-write.
resource "aws_cloudwatch_log_metric_filter" "filter_unapproved_region_write" {
  name           = "trailwarden-unapproved-region-write"
  log_group_name = aws_cloudwatch_log_group.trail_log.name
  pattern        = "{ ($.awsRegion NOT EXISTS || $.awsRegion = \"\" || (($.awsRegion NOT EXISTS || ($.awsRegion != \"us-east-1\" && $.awsRegion != \"us-west-2\")) && ($.readOnly NOT EXISTS || $.readOnly != \"true\") && ($.eventType NOT EXISTS || $.eventType != \"AwsServiceEvent\") && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy = \"\"))) }"

  metric_transformation {
    name          = "unapproved-region-write"
    namespace     = "Trailwarden"
    value         = "1"
    default_value = 0
  }
}

# Write outside the approved regions
resource "aws_cloudwatch_metric_alarm" "alarm_unapproved_region_write" {
  alarm_name          = "trailwarden-rule-unapproved-region-write"
  alarm_description   = "Write outside the approved regions"
  namespace           = "Trailwarden"
  metric_name         = "unapproved-region-write"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# CloudWatch Logs invokes the function, for this log group only.
resource "aws_lambda_permission" "logs_invoke" {
  function_name  = aws_lambda_function.function.function_name
  action         = "lambda:InvokeFunction"
  principal      = "logs.amazonaws.com"
  source_arn     = "${aws_cloudwatch_log_group.trail_log.arn}:*"
  source_account = var.account_id
}

# Sends records to the function, which says who did what.
resource "aws_cloudwatch_log_subscription_filter" "follow_up" {
  name            = "trailwarden-follow-up"
  log_group_name  = aws_cloudwatch_log_group.trail_log.name
  filter_pattern  = ""
  destination_arn = aws_lambda_function.function.arn
  depends_on      = [aws_lambda_permission.logs_invoke]
}

# Delivers what waits, also when nothing new comes.
resource "aws_cloudwatch_event_rule" "schedule" {
  name                = "trailwarden-schedule"
  description         = "Delivers what waits, also when nothing new comes."
  schedule_expression = "rate(5 minutes)"
  state               = "ENABLED"
}

resource "aws_cloudwatch_event_target" "schedule_function" {
  rule      = aws_cloudwatch_event_rule.schedule.name
  target_id = "function"
  arn       = aws_lambda_function.function.arn

  retry_policy {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 300
  }
}

# The schedule invokes the function, and no other rule.
resource "aws_lambda_permission" "schedule_invokes" {
  function_name  = aws_lambda_function.function.function_name
  action         = "lambda:InvokeFunction"
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.schedule.arn
  source_account = var.account_id
}

# Nothing came for three hours: the trail, its delivery or the notification stopped.
resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name        = "trailwarden-silence"
  alarm_description = "Nothing came for three hours: the trail, its delivery or the notification stopped."
  namespace         = "AWS/Logs"
  metric_name       = "IncomingLogEvents"
  dimensions = {
    LogGroupName = "trailwarden-trail"
  }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}
