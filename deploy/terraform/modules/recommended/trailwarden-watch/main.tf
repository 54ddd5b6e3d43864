# Bucket, topic, queue, function and table: from a new log file to an alert that is told once.

# Alerts, the outbox and what was seen already: one alert is one alert, however many copies of the function run.
resource "aws_dynamodb_table" "table" {
  name         = "trailwarden-alerts"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "l"
    type = "S"
  }

  attribute {
    name = "o"
    type = "S"
  }

  global_secondary_index {
    name               = "list"
    hash_key           = "l"
    range_key          = "o"
    projection_type    = "INCLUDE"
    non_key_attributes = ["w"]
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  # It holds data, so Terraform refuses to destroy it.
  lifecycle {
    prevent_destroy = true
  }
}

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
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.management_account_id}:trail/trailwarden"]
          }
          StringLike = {
            "kms:EncryptionContext:aws:cloudtrail:arn" = ["arn:${var.partition}:cloudtrail:*:${var.management_account_id}:trail/*"]
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
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.management_account_id}:trail/trailwarden"]
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
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.management_account_id}:trail/trailwarden"]
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
  bucket     = var.log_bucket_name
  depends_on = [aws_sns_topic_policy.files_topic_policy]

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

resource "aws_s3_bucket_notification" "log_bucket" {
  bucket = aws_s3_bucket.log_bucket.id

  topic {
    events        = ["s3:ObjectCreated:*"]
    topic_arn     = aws_sns_topic.files_topic.arn
    filter_prefix = "AWSLogs/"
    filter_suffix = ".json.gz"
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
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.management_account_id}:trail/trailwarden"]
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
        Resource = ["arn:${var.partition}:s3:::${var.log_bucket_name}/AWSLogs/${var.management_account_id}/*"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.management_account_id}:trail/trailwarden"]
            "s3:x-amz-acl"  = ["bucket-owner-full-control"]
          }
        }
      },
      # Log files of the organization's other accounts.
      {
        Sid    = "TrailWritesTheOrganization"
        Effect = "Allow"
        Principal = {
          Service = ["cloudtrail.amazonaws.com"]
        }
        Action   = ["s3:PutObject"]
        Resource = ["arn:${var.partition}:s3:::${var.log_bucket_name}/AWSLogs/${var.organization_id}/*"]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = ["arn:${var.partition}:cloudtrail:${var.region}:${var.management_account_id}:trail/trailwarden"]
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

# Results of questions, for 30 days.
resource "aws_s3_bucket" "results" {
  bucket = "trailwarden-results-${var.account_id}-${var.region}"

  # It holds data, so Terraform refuses to destroy it.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "results" {
  bucket                  = aws_s3_bucket.results.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "results" {
  bucket = aws_s3_bucket.results.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    id     = "results"
    status = "Enabled"

    expiration {
      days = 30
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    filter {
    }
  }
}

# Nobody reads results without TLS.
resource "aws_s3_bucket_policy" "results_policy" {
  bucket = aws_s3_bucket.results.id
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
          "arn:${var.partition}:s3:::trailwarden-results-${var.account_id}-${var.region}",
          "arn:${var.partition}:s3:::trailwarden-results-${var.account_id}-${var.region}/*",
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

# Questions run here, and none scans more than its limit.
resource "aws_athena_workgroup" "workgroup" {
  name          = "trailwarden-questions"
  description   = "Questions about the trail"
  state         = "ENABLED"
  force_destroy = false

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    requester_pays_enabled             = false
    bytes_scanned_cutoff_per_query     = 107374182400

    result_configuration {
      output_location = "s3://trailwarden-results-${var.account_id}-${var.region}/"

      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

# Holds the table.
resource "aws_glue_catalog_database" "log_database" {
  catalog_id  = var.account_id
  name        = "trailwarden"
  description = "CloudTrail logs"
}

# The log files as a table: every field, all regions, partitions that are computed.
resource "aws_glue_catalog_table" "log_table" {
  catalog_id    = var.account_id
  database_name = "trailwarden"
  name          = "cloudtrail_logs"
  table_type    = "EXTERNAL_TABLE"

  partition_keys {
    name = "account"
    type = "string"
  }

  partition_keys {
    name = "region"
    type = "string"
  }

  partition_keys {
    name = "timestamp"
    type = "string"
  }
  parameters = {
    EXTERNAL                             = "TRUE"
    "projection.enabled"                 = "true"
    "projection.account.type"            = "injected"
    "projection.region.type"             = "enum"
    "projection.region.values"           = "us-east-1,us-east-2,us-west-1,us-west-2,ca-central-1,ca-west-1,mx-central-1,sa-east-1,eu-central-1,eu-central-2,eu-west-1,eu-west-2,eu-west-3,eu-north-1,eu-south-1,eu-south-2,af-south-1,il-central-1,me-south-1,me-central-1,ap-south-1,ap-south-2,ap-northeast-1,ap-northeast-2,ap-northeast-3,ap-southeast-1,ap-southeast-2,ap-southeast-3,ap-southeast-4,ap-southeast-5,ap-southeast-6,ap-southeast-7,ap-east-1,ap-east-2"
    "projection.timestamp.type"          = "date"
    "projection.timestamp.format"        = "yyyy/MM/dd"
    "projection.timestamp.range"         = "2013/11/01,NOW+1DAYS"
    "projection.timestamp.interval"      = "1"
    "projection.timestamp.interval.unit" = "DAYS"
    "storage.location.template"          = "s3://${var.log_bucket_name}/AWSLogs/${var.organization_id}/$${account}/CloudTrail/$${region}/$${timestamp}"
  }

  storage_descriptor {
    columns {
      name = "eventversion"
      type = "string"
    }

    columns {
      name = "useridentity"
      type = "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,username:string,onbehalfof:struct<userid:string,identitystorearn:string>,sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
    }

    columns {
      name = "eventtime"
      type = "string"
    }

    columns {
      name = "eventsource"
      type = "string"
    }

    columns {
      name = "eventname"
      type = "string"
    }

    columns {
      name = "awsregion"
      type = "string"
    }

    columns {
      name = "sourceipaddress"
      type = "string"
    }

    columns {
      name = "useragent"
      type = "string"
    }

    columns {
      name = "errorcode"
      type = "string"
    }

    columns {
      name = "errormessage"
      type = "string"
    }

    columns {
      name = "requestparameters"
      type = "string"
    }

    columns {
      name = "responseelements"
      type = "string"
    }

    columns {
      name = "additionaleventdata"
      type = "string"
    }

    columns {
      name = "requestid"
      type = "string"
    }

    columns {
      name = "eventid"
      type = "string"
    }

    columns {
      name = "readonly"
      type = "string"
    }

    columns {
      name = "resources"
      type = "array<struct<arn:string,accountid:string,type:string>>"
    }

    columns {
      name = "eventtype"
      type = "string"
    }

    columns {
      name = "apiversion"
      type = "string"
    }

    columns {
      name = "recipientaccountid"
      type = "string"
    }

    columns {
      name = "serviceeventdetails"
      type = "string"
    }

    columns {
      name = "sharedeventid"
      type = "string"
    }

    columns {
      name = "vpcendpointid"
      type = "string"
    }

    columns {
      name = "vpcendpointaccountid"
      type = "string"
    }

    columns {
      name = "eventcategory"
      type = "string"
    }

    columns {
      name = "addendum"
      type = "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"
    }

    columns {
      name = "sessioncredentialfromconsole"
      type = "string"
    }

    columns {
      name = "edgedevicedetails"
      type = "string"
    }

    columns {
      name = "tlsdetails"
      type = "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"
    }
    location      = "s3://${var.log_bucket_name}/AWSLogs/${var.organization_id}/"
    input_format  = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hive.hcatalog.data.JsonSerDe"
      parameters = {
        "serialization.format" = "1"
      }
    }
  }
  depends_on = [aws_glue_catalog_database.log_database]
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
      # Log files of this bucket; where events name the version of an object, that version.
      {
        Sid    = "ReadLogFiles"
        Effect = "Allow"
        Action = [
          "s3:GetObject",
          "s3:GetObjectVersion",
        ]
        Resource = ["arn:${var.partition}:s3:::${var.log_bucket_name}/AWSLogs/*"]
      },
      # Log files are encrypted with this key; it is used through Amazon S3 only.
      {
        Sid      = "DecryptLogFiles"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [aws_kms_key.log_key.arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["s3.${var.region}.amazonaws.com"]
          }
        }
      },
      # Lambda takes messages from this queue and deletes those that are done.
      {
        Sid    = "TakeFromQueue"
        Effect = "Allow"
        Action = [
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
        ]
        Resource = [aws_sqs_queue.files.arn]
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
      # Alerts, the outbox and windows are read and written in transactions.
      {
        Sid    = "KeepAlerts"
        Effect = "Allow"
        Action = [
          "dynamodb:BatchGetItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:ConditionCheckItem",
          "dynamodb:DeleteItem",
          "dynamodb:DescribeTable",
          "dynamodb:DescribeTimeToLive",
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:Query",
        ]
        Resource = [aws_dynamodb_table.table.arn]
      },
      # Alerts by their state, from the table's one index.
      {
        Sid      = "ListAlerts"
        Effect   = "Allow"
        Action   = ["dynamodb:Query"]
        Resource = ["${aws_dynamodb_table.table.arn}/index/list"]
      },
      # The secrets that the sinks refer to; the six characters are those that Secrets Manager puts behind a name.
      {
        Sid      = "FetchSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = ["arn:${var.partition}:secretsmanager:${var.region}:${var.account_id}:secret:trailwarden/slack-??????"]
      },
      # The parameters that the sinks refer to, decrypted.
      {
        Sid      = "FetchParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = ["arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter/trailwarden/pagerduty"]
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
  description   = "Trailwarden: Recommended: queue-fed function, EventBridge as the fast path, Athena for questions"
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
      TRAILWARDEN_TABLE   = "trailwarden-alerts"
    }
  }
  package_type                   = "Zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  s3_bucket                      = "trailwarden-artifacts-${var.account_id}-${var.region}"
  s3_key                         = var.code_key
  reserved_concurrent_executions = 1
  depends_on                     = [aws_iam_role_policy.function_role]
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

# Is told of every new log file, for us and for others.
resource "aws_sns_topic" "files_topic" {
  name = "trailwarden-files"
}

# Only the log bucket publishes.
resource "aws_sns_topic_policy" "files_topic_policy" {
  arn = aws_sns_topic.files_topic.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Amazon S3 publishes for this bucket; its ARN names no account, so that is said as well.
      {
        Sid    = "BucketPublishes"
        Effect = "Allow"
        Principal = {
          Service = ["s3.amazonaws.com"]
        }
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.files_topic.arn]
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = [var.account_id]
          }
          ArnLike = {
            "aws:SourceArn" = ["arn:${var.partition}:s3:::${var.log_bucket_name}"]
          }
        }
      },
    ]
  })
}

# Keeps what is to be judged until it is, for up to 14 days.
resource "aws_sqs_queue" "files" {
  name                       = "trailwarden-files"
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 1800
  receive_wait_time_seconds  = 20
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 10
  })
}

# The topic's messages go into the queue as they are.
resource "aws_sns_topic_subscription" "files_subscription" {
  topic_arn            = aws_sns_topic.files_topic.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.files.arn
  raw_message_delivery = true
  depends_on           = [aws_sqs_queue_policy.files_policy]
}

# Only our topic and our bus send to the queue.
resource "aws_sqs_queue_policy" "files_policy" {
  queue_url = aws_sqs_queue.files.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The topic of new files sends, and no other.
      {
        Sid    = "TopicSends"
        Effect = "Allow"
        Principal = {
          Service = ["sns.amazonaws.com"]
        }
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.files.arn]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = [aws_sns_topic.files_topic.arn]
          }
        }
      },
      # The central rule sends, and no other.
      {
        Sid    = "RuleSends"
        Effect = "Allow"
        Principal = {
          Service = ["events.amazonaws.com"]
        }
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.files.arn]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = [aws_cloudwatch_event_rule.forwarded.arn]
          }
        }
      },
    ]
  })
}

# The function takes messages in batches, and gives back exactly those that are to come again.
resource "aws_lambda_event_source_mapping" "files_to_function" {
  event_source_arn                   = aws_sqs_queue.files.arn
  function_name                      = aws_lambda_function.function.function_name
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}

# Where all accounts and regions send what the rules look for.
resource "aws_cloudwatch_event_bus" "bus" {
  name = "trailwarden-events"
}

# The organization's accounts send to the bus, through their forwarders.
resource "aws_cloudwatch_event_bus_policy" "bus_policy" {
  event_bus_name = "trailwarden-events"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Only the forwarders' role, only in accounts of the organization.
      {
        Sid       = "OrganizationForwards"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["events:PutEvents"]
        Resource  = ["arn:${var.partition}:events:${var.region}:${var.account_id}:event-bus/trailwarden-events"]
        Condition = {
          StringEquals = {
            "aws:PrincipalOrgID" = [var.organization_id]
          }
          ArnLike = {
            "aws:PrincipalArn" = ["arn:${var.partition}:iam::*:role/trailwarden-forward"]
          }
        }
      },
    ]
  })
  depends_on = [aws_cloudwatch_event_bus.bus]
}

# What was forwarded was chosen already: all of it is judged.
resource "aws_cloudwatch_event_rule" "forwarded" {
  name           = "trailwarden-forwarded"
  description    = "Forwarded CloudTrail events"
  event_bus_name = "trailwarden-events"
  event_pattern = jsonencode({
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state      = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
  depends_on = [aws_cloudwatch_event_bus.bus]
}

resource "aws_cloudwatch_event_target" "forwarded_watch" {
  rule           = aws_cloudwatch_event_rule.forwarded.name
  event_bus_name = "trailwarden-events"
  target_id      = "watch"
  arn            = aws_sqs_queue.files.arn

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

# Only the central rule sends; the function does by its role.
resource "aws_sqs_queue_policy" "dead_letters_policy" {
  queue_url = aws_sqs_queue.dead_letters.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # What the rule could not deliver is kept.
      {
        Sid    = "RuleKeepsWhatFailed"
        Effect = "Allow"
        Principal = {
          Service = ["events.amazonaws.com"]
        }
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters.arn]
        Condition = {
          StringEquals = {
            "aws:SourceArn" = [aws_cloudwatch_event_rule.forwarded.arn]
          }
        }
      },
    ]
  })
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

# Mail to an address, once its owner has confirmed.
resource "aws_sns_topic_subscription" "health_mail_a" {
  topic_arn = aws_sns_topic.health.arn
  protocol  = "email"
  endpoint  = "oncall@example.com"
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

# Files wait long before they are judged.
resource "aws_cloudwatch_metric_alarm" "queue_age" {
  alarm_name        = "trailwarden-queue-age"
  alarm_description = "Files wait long before they are judged."
  namespace         = "AWS/SQS"
  metric_name       = "ApproximateAgeOfOldestMessage"
  dimensions = {
    QueueName = aws_sqs_queue.files.name
  }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}

# Nothing came for three hours: the trail, its delivery or the notification stopped.
resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name        = "trailwarden-silence"
  alarm_description = "Nothing came for three hours: the trail, its delivery or the notification stopped."
  namespace         = "AWS/SNS"
  metric_name       = "NumberOfMessagesPublished"
  dimensions = {
    TopicName = aws_sns_topic.files_topic.name
  }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}
