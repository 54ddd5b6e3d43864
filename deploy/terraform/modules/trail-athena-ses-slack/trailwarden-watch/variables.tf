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

variable "sender_mail_address" {
  description = "Address that mail of the sink mail is sent from."
  type        = string

  validation {
    condition     = can(regex("^(?:[^@\\s]+@[^@\\s]+)$", var.sender_mail_address))
    error_message = "Want a text like [^@\\s]+@[^@\\s]+."
  }
}

variable "code_key" {
  description = "Key of the function's zip file in the bucket of code; another key makes the stack take new code."
  type        = string
  default     = "function.zip"
}

variable "account_id" {
  description = "Account of the provider, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the provider."
  type        = string
}

variable "partition" {
  description = "Partition of the provider, such as aws."
  type        = string
}
