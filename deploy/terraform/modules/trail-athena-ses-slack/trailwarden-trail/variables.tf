variable "log_bucket_name" {
  description = "Bucket of the log files; names of buckets are unique over all of AWS."
  type        = string

  validation {
    condition     = can(regex("^(?:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.log_bucket_name))
    error_message = "Want a text like [a-z0-9][a-z0-9.-]{1,61}[a-z0-9]."
  }
}

variable "central_account_id" {
  description = "Account that the watch runs in."
  type        = string

  validation {
    condition     = can(regex("^(?:[0-9]{12})$", var.central_account_id))
    error_message = "Want a text like [0-9]{12}."
  }
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
