variable "management_account_id" {
  description = "Account that the organization's trail belongs to."
  type        = string

  validation {
    condition     = can(regex("^(?:[0-9]{12})$", var.management_account_id))
    error_message = "Want a text like [0-9]{12}."
  }
}

variable "log_bucket_name" {
  description = "Bucket of the log files; names of buckets are unique over all of AWS."
  type        = string

  validation {
    condition     = can(regex("^(?:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.log_bucket_name))
    error_message = "Want a text like [a-z0-9][a-z0-9.-]{1,61}[a-z0-9]."
  }
}

variable "organization_id" {
  description = "Id of the organization."
  type        = string

  validation {
    condition     = can(regex("^(?:o-[a-z0-9]{10,32})$", var.organization_id))
    error_message = "Want a text like o-[a-z0-9]{10,32}."
  }
}

variable "code_key" {
  description = "Key of the function's zip file in the bucket of code; another key makes the stack take new code."
  type        = string
  default     = "function.zip"
}

variable "central_account_id" {
  description = "Account that the watch runs in."
  type        = string

  validation {
    condition     = can(regex("^(?:[0-9]{12})$", var.central_account_id))
    error_message = "Want a text like [0-9]{12}."
  }
}

variable "home_region" {
  description = "Region of the watch."
  type        = string

  validation {
    condition     = can(regex("^(?:[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2})$", var.home_region))
    error_message = "Want a text like [a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}."
  }
}

variable "central_role_arn" {
  description = "Role to assume in the account that the watch runs in; empty with its own credentials."
  type        = string
  default     = ""
}

variable "management_role_arn" {
  description = "Role to assume in the organization's management account; empty with its own credentials."
  type        = string
  default     = ""
}

variable "organizational_units" {
  description = "Root (r-…) or units (ou-…) whose accounts are watched."
  type        = list(string)
}
