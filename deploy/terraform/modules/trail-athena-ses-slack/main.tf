# Organization trail to Athena, asked by the clock, to mail and Slack
# Made by trailwarden deploy render; change the configuration rather than these files.

data "aws_caller_identity" "central" {
}

data "aws_caller_identity" "management" {
  provider = aws.management
}

data "aws_partition" "current" {
}

# Bucket of the function's code, the configuration and its rules; apart from the log files.
module "trailwarden_artifacts" {
  source     = "./trailwarden-artifacts"
  account_id = data.aws_caller_identity.central.account_id
  region     = "eu-west-1"
  partition  = data.aws_partition.current.partition
}

# Bucket, Athena table, workgroup, function and schedule: from a question to a mail.
module "trailwarden_watch" {
  source                = "./trailwarden-watch"
  management_account_id = var.management_account_id
  log_bucket_name       = var.log_bucket_name
  organization_id       = var.organization_id
  sender_mail_address   = var.sender_mail_address
  code_key              = var.code_key
  account_id            = data.aws_caller_identity.central.account_id
  region                = "eu-west-1"
  partition             = data.aws_partition.current.partition
  depends_on            = [module.trailwarden_artifacts]
}

# The organization's trail: every account, every region, into the one bucket.
module "trailwarden_trail" {
  source = "./trailwarden-trail"
  providers = {
    aws = aws.management
  }
  log_bucket_name    = var.log_bucket_name
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "eu-west-1"
  partition          = data.aws_partition.current.partition
  depends_on         = [module.trailwarden_watch]
}
