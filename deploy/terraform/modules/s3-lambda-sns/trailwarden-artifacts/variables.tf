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
