provider "aws" {
  region = "eu-west-1"

  dynamic "assume_role" {
    for_each = var.central_role_arn == "" ? [] : [var.central_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management"
  region = "eu-west-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}
