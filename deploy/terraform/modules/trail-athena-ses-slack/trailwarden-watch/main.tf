# Bucket, Athena table, workgroup, function and schedule: from a question to a mail.

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

# The address that mail of sink mail comes from; its owner has to confirm.
resource "aws_sesv2_email_identity" "sender_mail" {
  email_identity = var.sender_mail_address
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
      # Mail from this one address, as text that we wrote whole.
      {
        Sid    = "MailMail"
        Effect = "Allow"
        Action = [
          "ses:SendEmail",
          "ses:SendRawEmail",
        ]
        Resource = ["arn:${var.partition}:ses:${var.region}:${var.account_id}:identity/${var.sender_mail_address}"]
        Condition = {
          StringEquals = {
            "ses:FromAddress" = [var.sender_mail_address]
          }
        }
      },
      # Questions in this workgroup, whose limit holds.
      {
        Sid    = "Ask"
        Effect = "Allow"
        Action = [
          "athena:GetQueryExecution",
          "athena:GetQueryResults",
          "athena:StartQueryExecution",
          "athena:StopQueryExecution",
        ]
        Resource = ["arn:${var.partition}:athena:${var.region}:${var.account_id}:workgroup/trailwarden-questions"]
      },
      # Athena looks the table up as the function.
      {
        Sid    = "KnowTheTable"
        Effect = "Allow"
        Action = [
          "glue:GetDatabase",
          "glue:GetPartition",
          "glue:GetPartitions",
          "glue:GetTable",
        ]
        Resource = [
          "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
          "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/trailwarden",
          "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/trailwarden/cloudtrail_logs",
        ]
      },
      # Athena asks for this database before any query, whichever it uses.
      {
        Sid    = "KnowTheDefaultDatabase"
        Effect = "Allow"
        Action = ["glue:GetDatabase"]
        Resource = [
          "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
          "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/default",
        ]
      },
      # Athena lists the partitions' folders as the function.
      {
        Sid      = "ListLogFiles"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = ["arn:${var.partition}:s3:::${var.log_bucket_name}"]
        Condition = {
          StringLike = {
            "s3:prefix" = ["AWSLogs/*"]
          }
        }
      },
      # Athena asks in which region the buckets are.
      {
        Sid    = "LocateBuckets"
        Effect = "Allow"
        Action = ["s3:GetBucketLocation"]
        Resource = [
          "arn:${var.partition}:s3:::${var.log_bucket_name}",
          "arn:${var.partition}:s3:::trailwarden-results-${var.account_id}-${var.region}",
        ]
      },
      # Athena looks after the results that it writes.
      {
        Sid    = "ListResults"
        Effect = "Allow"
        Action = [
          "s3:ListBucket",
          "s3:ListBucketMultipartUploads",
        ]
        Resource = ["arn:${var.partition}:s3:::trailwarden-results-${var.account_id}-${var.region}"]
      },
      # Athena writes results as the function, and the function reads them.
      {
        Sid    = "WriteResults"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload",
          "s3:GetObject",
          "s3:ListMultipartUploadParts",
          "s3:PutObject",
        ]
        Resource = ["arn:${var.partition}:s3:::trailwarden-results-${var.account_id}-${var.region}/*"]
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
  description   = "Trailwarden: Organization trail to Athena, asked by the clock, to mail and Slack"
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

# Asks the questions that are due, and delivers what waits.
resource "aws_cloudwatch_event_rule" "schedule" {
  name                = "trailwarden-schedule"
  description         = "Asks the questions that are due, and delivers what waits."
  schedule_expression = "rate(1 hour)"
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
  namespace         = "AWS/Lambda"
  metric_name       = "Invocations"
  dimensions = {
    FunctionName = aws_lambda_function.function.function_name
  }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.health.arn]
}
