# The organization's trail: every account, every region, into the one bucket.

# Records what happens, in every region, and signs it.
resource "aws_cloudtrail" "trail" {
  name                          = "trailwarden"
  s3_bucket_name                = var.log_bucket_name
  enable_logging                = true
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  is_organization_trail         = true

  advanced_event_selector {
    name = "Management events, read and write"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }
  kms_key_id = "arn:${var.partition}:kms:${var.region}:${var.central_account_id}:alias/trailwarden-logs"
}
