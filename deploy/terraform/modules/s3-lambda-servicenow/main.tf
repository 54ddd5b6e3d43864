# Log files to a function to ServiceNow
# Made by trailwarden deploy render; change the configuration rather than these files.

data "aws_caller_identity" "central" {
}

data "aws_partition" "current" {
}

# Bucket of the function's code, the configuration and its rules; apart from the log files.
module "trailwarden_artifacts" {
  source     = "./trailwarden-artifacts"
  account_id = data.aws_caller_identity.central.account_id
  region     = "us-west-2"
  partition  = data.aws_partition.current.partition
}

# Bucket, function and trail: from a new log file to an incident.
module "trailwarden_watch" {
  source          = "./trailwarden-watch"
  log_bucket_name = var.log_bucket_name
  code_key        = var.code_key
  account_id      = data.aws_caller_identity.central.account_id
  region          = "us-west-2"
  partition       = data.aws_partition.current.partition
  depends_on      = [module.trailwarden_artifacts]
}
