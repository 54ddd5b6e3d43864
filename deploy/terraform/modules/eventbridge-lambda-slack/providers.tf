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

provider "aws" {
  alias  = "management_ap_northeast_1"
  region = "ap-northeast-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_ap_northeast_2"
  region = "ap-northeast-2"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_ap_northeast_3"
  region = "ap-northeast-3"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_ap_south_1"
  region = "ap-south-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_ap_southeast_1"
  region = "ap-southeast-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_ap_southeast_2"
  region = "ap-southeast-2"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_ca_central_1"
  region = "ca-central-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_eu_central_1"
  region = "eu-central-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_eu_north_1"
  region = "eu-north-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_eu_west_2"
  region = "eu-west-2"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_eu_west_3"
  region = "eu-west-3"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_sa_east_1"
  region = "sa-east-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_us_east_1"
  region = "us-east-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_us_east_2"
  region = "us-east-2"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_us_west_1"
  region = "us-west-1"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}

provider "aws" {
  alias  = "management_us_west_2"
  region = "us-west-2"

  dynamic "assume_role" {
    for_each = var.management_role_arn == "" ? [] : [var.management_role_arn]

    content {
      role_arn = assume_role.value
    }
  }
}
