# EventBridge in every region and account to one bus to a function to Slack
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

# Central bus and function: from a forwarded event to a message.
module "trailwarden_watch" {
  source                = "./trailwarden-watch"
  management_account_id = var.management_account_id
  log_bucket_name       = var.log_bucket_name
  organization_id       = var.organization_id
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

# The role by which an account's rules forward events; IAM is global, so it is made once.
module "trailwarden_forward_role" {
  source = "./trailwarden-forward-role"
  providers = {
    aws = aws.management
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  partition          = data.aws_partition.current.partition
  depends_on         = [module.trailwarden_trail]
}

# The same in every other account of the organization, also those that join later.
resource "aws_cloudformation_stack_set" "trailwarden_forward_role" {
  provider         = aws.management
  name             = "trailwarden-forward-role"
  description      = "The role by which an account's rules forward events; IAM is global, so it is made once."
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = file("${path.module}/trailwarden-forward-role.yaml")
  parameters = {
    HomeRegion       = var.home_region
    CentralAccountId = var.central_account_id
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  lifecycle {
    # The provider reads a role that service-managed permissions do without.
    ignore_changes = [administration_role_arn]
  }
  depends_on = [module.trailwarden_trail]
}

resource "aws_cloudformation_stack_set_instance" "trailwarden_forward_role" {
  for_each       = toset(["eu-west-1"])
  provider       = aws.management
  stack_set_name = aws_cloudformation_stack_set.trailwarden_forward_role.name
  region         = each.value

  deployment_targets {
    organizational_unit_ids = var.organizational_units
  }
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ap_northeast_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ap_northeast_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ap-northeast-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ap_northeast_2" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ap_northeast_2
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ap-northeast-2"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ap_northeast_3" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ap_northeast_3
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ap-northeast-3"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ap_south_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ap_south_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ap-south-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ap_southeast_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ap_southeast_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ap-southeast-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ap_southeast_2" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ap_southeast_2
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ap-southeast-2"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_ca_central_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_ca_central_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "ca-central-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_eu_central_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_eu_central_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "eu-central-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_eu_north_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_eu_north_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "eu-north-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_eu_west_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "eu-west-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_eu_west_2" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_eu_west_2
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "eu-west-2"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_eu_west_3" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_eu_west_3
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "eu-west-3"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_sa_east_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_sa_east_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "sa-east-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_us_east_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_us_east_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "us-east-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_us_east_2" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_us_east_2
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "us-east-2"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_us_west_1" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_us_west_1
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "us-west-1"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# Rules on the default bus that forward what the rules look for.
module "trailwarden_forward_us_west_2" {
  source = "./trailwarden-forward"
  providers = {
    aws = aws.management_us_west_2
  }
  home_region        = var.home_region
  central_account_id = var.central_account_id
  account_id         = data.aws_caller_identity.management.account_id
  region             = "us-west-2"
  partition          = data.aws_partition.current.partition
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

# The same in every other account of the organization, also those that join later.
resource "aws_cloudformation_stack_set" "trailwarden_forward" {
  provider         = aws.management
  name             = "trailwarden-forward"
  description      = "Rules on the default bus that forward what the rules look for."
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = file("${path.module}/trailwarden-forward.yaml")
  parameters = {
    HomeRegion       = var.home_region
    CentralAccountId = var.central_account_id
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  lifecycle {
    # The provider reads a role that service-managed permissions do without.
    ignore_changes = [administration_role_arn]
  }
  depends_on = [
    module.trailwarden_forward_role,
    aws_cloudformation_stack_set_instance.trailwarden_forward_role,
  ]
}

resource "aws_cloudformation_stack_set_instance" "trailwarden_forward" {
  for_each = toset([
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
  ])
  provider       = aws.management
  stack_set_name = aws_cloudformation_stack_set.trailwarden_forward.name
  region         = each.value

  deployment_targets {
    organizational_unit_ids = var.organizational_units
  }
}
