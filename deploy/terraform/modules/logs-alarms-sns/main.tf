# CloudWatch Logs to metric filters and alarms to Amazon SNS, with a function that says who and what
# Made by trailwarden deploy render; change the configuration rather than these files.

data "aws_caller_identity" "central" {
}

data "aws_partition" "current" {
}

# Bucket of the function's code, the configuration and its rules; apart from the log files.
module "trailwarden_artifacts" {
  source     = "./trailwarden-artifacts"
  account_id = data.aws_caller_identity.central.account_id
  region     = "us-east-1"
  partition  = data.aws_partition.current.partition
}

# Log group, filters, alarms, topic and function: from a record to an alarm and its story.
module "trailwarden_watch" {
  source          = "./trailwarden-watch"
  log_bucket_name = var.log_bucket_name
  alert_email     = var.alert_email
  code_key        = var.code_key
  account_id      = data.aws_caller_identity.central.account_id
  region          = "us-east-1"
  partition       = data.aws_partition.current.partition
  depends_on      = [module.trailwarden_artifacts]
}
