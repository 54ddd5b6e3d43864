variable "home_region" {
  description = "Region of the watch."
  type        = string

  validation {
    condition     = can(regex("^(?:[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2})$", var.home_region))
    error_message = "Want a text like [a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}."
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
