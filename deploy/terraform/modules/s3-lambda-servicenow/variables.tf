variable "log_bucket_name" {
  description = "Bucket of the log files; names of buckets are unique over all of AWS."
  type        = string

  validation {
    condition     = can(regex("^(?:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.log_bucket_name))
    error_message = "Want a text like [a-z0-9][a-z0-9.-]{1,61}[a-z0-9]."
  }
}

variable "code_key" {
  description = "Key of the function's zip file in the bucket of code; another key makes the stack take new code."
  type        = string
  default     = "function.zip"
}
