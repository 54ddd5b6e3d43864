# Rules on the default bus that forward what the rules look for.

# Events that could not be forwarded, for 14 days.
resource "aws_sqs_queue" "undelivered" {
  name                      = "trailwarden-undelivered"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
}

# For access-denied, federation-token-taken, function-opened, root-activity, unapproved-region-write.
resource "aws_cloudwatch_event_rule" "forward01" {
  name        = "trailwarden-forward-01"
  description = "For access-denied, federation-token-taken, function-opened, root-activity, unapproved-region-write"
  event_pattern = jsonencode({
    "$or" = [
      {
        detail = {
          errorCode = [
            {
              prefix = "AccessDenied"
            },
            {
              suffix = "UnauthorizedOperation"
            },
            {
              suffix = "UnauthorizedAccess"
            },
            {
              suffix = ".AccessDenied"
            },
            {
              prefix = "NotAuthorized"
            },
          ]
          userIdentity = {
            accountId = [
              {
                exists = false
              },
              {
                anything-but = ["anonymous"]
              },
            ]
            invokedBy = [
              {
                exists = false
              },
              {
                anything-but = {
                  suffix = [".amazonaws.com"]
                }
              },
            ]
            sessionContext = {
              sessionIssuer = {
                arn = [
                  {
                    exists = false
                  },
                  {
                    anything-but = {
                      wildcard = ["*:role/aws-service-role/*"]
                    }
                  },
                ]
              }
            }
            type = [
              {
                exists = false
              },
              {
                anything-but = ["AWSService"]
              },
            ]
          }
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName   = ["GetFederationToken"]
          eventSource = ["sts.amazonaws.com"]
          userIdentity = {
            invokedBy = [
              {
                exists = false
              },
            ]
          }
        }
      },
      {
        "$or" = [
          {
            detail = {
              eventName = [
                {
                  exists = true
                },
              ]
              requestParameters = {
                principal = [
                  {
                    exists = true
                  },
                ]
              }
            }
          },
          {
            detail = {
              eventName = [
                {
                  prefix = "CreateFunctionUrlConfig"
                },
                {
                  prefix = "UpdateFunctionUrlConfig"
                },
              ]
              requestParameters = {
                authType = ["NONE"]
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["lambda.amazonaws.com"]
        }
      },
      {
        detail = {
          eventName = [
            {
              exists = false
            },
            {
              anything-but = ["ConsoleLogin"]
            },
          ]
          eventType = [
            {
              exists = false
            },
            {
              anything-but = ["AwsServiceEvent"]
            },
          ]
          userIdentity = {
            invokedBy = [
              {
                exists = false
              },
            ]
            type = ["Root"]
          }
        }
      },
      {
        detail = {
          awsRegion = [
            {
              exists = false
            },
            "",
          ]
        }
      },
      {
        detail = {
          awsRegion = [
            {
              exists = false
            },
            {
              anything-but = [
                "us-east-1",
                "eu-central-1",
                "eu-central-2",
                "eu-west-1",
                "eu-west-2",
                "eu-west-3",
                "eu-north-1",
                "eu-south-1",
                "eu-south-2",
                "eu-isoe-west-1",
              ]
            },
          ]
          eventType = [
            {
              exists = false
            },
            {
              anything-but = ["AwsServiceEvent"]
            },
          ]
          readOnly = [
            {
              exists = false
            },
            false,
            {
              wildcard = "*"
            },
          ]
          userIdentity = {
            invokedBy = [
              {
                exists = false
              },
              "",
            ]
          }
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
}

resource "aws_cloudwatch_event_target" "forward01_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward01.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For access-key-created, cloudtrail-narrowed, cloudtrail-stopped, config-disabled, console-sign-in-failed, gpu-instance-started.
resource "aws_cloudwatch_event_rule" "forward02" {
  name        = "trailwarden-forward-02"
  description = "For access-key-created, cloudtrail-narrowed, cloudtrail-stopped, config-disabled, console-sign-in-failed, gpu-instance-started"
  event_pattern = jsonencode({
    "$or" = [
      {
        "$or" = [
          {
            detail = {
              eventName = [
                "CreateAccessKey",
                "CreateServiceSpecificCredential",
                "UploadSigningCertificate",
              ]
            }
          },
          {
            detail = {
              eventName = ["UpdateAccessKey"]
              requestParameters = {
                status = ["Active"]
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["iam.amazonaws.com"]
        }
      },
      {
        "$or" = [
          {
            detail = {
              eventName = ["UpdateTrail"]
              requestParameters = {
                isMultiRegionTrail = [
                  "false",
                  false,
                ]
              }
            }
          },
          {
            detail = {
              eventName = ["UpdateTrail"]
              requestParameters = {
                includeGlobalServiceEvents = [
                  "false",
                  false,
                ]
              }
            }
          },
          {
            detail = {
              eventName = ["UpdateTrail"]
              requestParameters = {
                enableLogFileValidation = [
                  "false",
                  false,
                ]
              }
            }
          },
          {
            detail = {
              eventName = ["UpdateTrail"]
              requestParameters = {
                isOrganizationTrail = [
                  "false",
                  false,
                ]
              }
            }
          },
          {
            detail = {
              eventName = ["PutEventSelectors"]
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["cloudtrail.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "DeleteEventDataStore",
            "DeleteTrail",
            "StopEventDataStoreIngestion",
            "StopLogging",
          ]
          eventSource = ["cloudtrail.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "DeleteConfigurationRecorder",
            "DeleteDeliveryChannel",
            "StopConfigurationRecorder",
          ]
          eventSource = ["config.amazonaws.com"]
          userIdentity = {
            type = [
              {
                exists = false
              },
              {
                anything-but = ["AWSService"]
              },
            ]
          }
        }
      },
      {
        "$or" = [
          {
            detail = {
              responseElements = {
                ConsoleLogin = ["Failure"]
              }
            }
          },
          {
            detail = {
              errorMessage = [
                {
                  exists = true
                },
              ]
            }
          },
        ]
        detail = {
          eventName = ["ConsoleLogin"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
            "Client.UnauthorizedOperation",
            "Client.VcpuLimitExceeded",
            "Server.InsufficientInstanceCapacity",
          ]
          eventName   = ["RunInstances"]
          eventSource = ["ec2.amazonaws.com"]
          requestParameters = {
            instanceType = [
              {
                exists = true
              },
            ]
          }
          userIdentity = {
            invokedBy = [
              {
                exists = false
              },
            ]
          }
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward02_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward02.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For guardduty-disabled, iam-admin-granted, iam-user-created, login-profile-changed, instance-user-data-changed, kms-key-deletion.
resource "aws_cloudwatch_event_rule" "forward03" {
  name        = "trailwarden-forward-03"
  description = "For guardduty-disabled, iam-admin-granted, iam-user-created, login-profile-changed, instance-user-data-changed, kms-key-deletion"
  event_pattern = jsonencode({
    "$or" = [
      {
        "$or" = [
          {
            detail = {
              eventName = [
                "CreateIPSet",
                "DeleteDetector",
                "DeleteMembers",
                "DeletePublishingDestination",
                "DisableOrganizationAdminAccount",
                "DisassociateFromAdministratorAccount",
                "DisassociateFromMasterAccount",
                "DisassociateMembers",
                "StopMonitoringMembers",
                "UpdateIPSet",
              ]
            }
          },
          {
            detail = {
              eventName = ["UpdateDetector"]
              requestParameters = {
                enable = [
                  "false",
                  false,
                ]
              }
            }
          },
          {
            detail = {
              eventName = ["UpdateDetector"]
              requestParameters = {
                features = {
                  status = ["DISABLED"]
                }
              }
            }
          },
          {
            detail = {
              eventName = [
                "CreateFilter",
                "UpdateFilter",
              ]
              requestParameters = {
                action = ["ARCHIVE"]
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["guardduty.amazonaws.com"]
        }
      },
      {
        "$or" = [
          {
            detail = {
              eventName = [
                "AttachGroupPolicy",
                "AttachRolePolicy",
                "AttachUserPolicy",
              ]
              requestParameters = {
                policyArn = [
                  {
                    suffix = ":policy/AdministratorAccess"
                  },
                  {
                    suffix = ":policy/IAMFullAccess"
                  },
                  {
                    suffix = ":policy/PowerUserAccess"
                  },
                  {
                    suffix = ":policy/job-function/SystemAdministrator"
                  },
                ]
              }
            }
          },
          {
            detail = {
              eventName = [
                "CreatePolicy",
                "CreatePolicyVersion",
                "PutGroupPolicy",
                "PutRolePolicy",
                "PutUserPolicy",
              ]
              requestParameters = {
                policyDocument = [
                  {
                    exists = true
                  },
                ]
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["iam.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "CreateLoginProfile",
            "CreateUser",
            "UpdateLoginProfile",
          ]
          eventSource = ["iam.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName   = ["ModifyInstanceAttribute"]
          eventSource = ["ec2.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "DeleteImportedKeyMaterial",
            "DisableKey",
            "ScheduleKeyDeletion",
          ]
          eventSource = ["kms.amazonaws.com"]
          userIdentity = {
            type = [
              {
                exists = false
              },
              {
                anything-but = ["AWSService"]
              },
            ]
          }
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward03_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward03.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For iam-policy-changed, model-access-opened, network-logs-deleted, organization-left, roles-anywhere-trusted.
resource "aws_cloudwatch_event_rule" "forward04" {
  name        = "trailwarden-forward-04"
  description = "For iam-policy-changed, model-access-opened, network-logs-deleted, organization-left, roles-anywhere-trusted"
  event_pattern = jsonencode({
    "$or" = [
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "AddUserToGroup",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeleteRolePermissionsBoundary",
            "DeleteUserPermissionsBoundary",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
            "SetDefaultPolicyVersion",
          ]
          eventSource = ["iam.amazonaws.com"]
          eventType = [
            {
              exists = false
            },
            {
              anything-but = ["AwsServiceEvent"]
            },
          ]
          userIdentity = {
            sessionContext = {
              sessionIssuer = {
                arn = [
                  {
                    exists = false
                  },
                  {
                    anything-but = {
                      wildcard = ["*:role/aws-service-role/*"]
                    }
                  },
                ]
              }
            }
            type = [
              {
                exists = false
              },
              {
                anything-but = ["AWSService"]
              },
            ]
          }
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "PutUseCaseForModelAccess",
            "PutFoundationModelEntitlement",
            "CreateFoundationModelAgreement",
          ]
          eventSource = ["bedrock.amazonaws.com"]
        }
      },
      {
        detail = {
          "$or" = [
            {
              eventName   = ["DeleteFlowLogs"]
              eventSource = ["ec2.amazonaws.com"]
            },
            {
              eventName = [
                "DeleteResolverQueryLogConfig",
                "DisassociateResolverQueryLogConfig",
              ]
              eventSource = ["route53resolver.amazonaws.com"]
            },
            {
              eventName   = ["DeleteQueryLoggingConfig"]
              eventSource = ["route53.amazonaws.com"]
            },
            {
              eventName = ["DeleteLoggingConfiguration"]
              eventSource = [
                {
                  prefix = "waf"
                },
              ]
            },
          ]
          errorCode = [
            {
              exists = false
            },
          ]
        }
      },
      {
        "$or" = [
          {
            detail = {
              eventName = ["LeaveOrganization"]
            }
          },
          {
            detail = {
              errorCode = [
                {
                  exists = false
                },
              ]
              eventName = [
                "DeleteOrganization",
                "DetachPolicy",
                "DisablePolicyType",
                "RemoveAccountFromOrganization",
              ]
            }
          },
        ]
        detail = {
          eventSource = ["organizations.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "CreateTrustAnchor",
            "UpdateTrustAnchor",
            "EnableTrustAnchor",
          ]
          eventSource = ["rolesanywhere.amazonaws.com"]
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward04_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward04.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For parameters-omitted, resource-deletion, role-trust-changed, root-sign-in, sign-in-without-mfa, secrets-read-by-filter.
resource "aws_cloudwatch_event_rule" "forward05" {
  name        = "trailwarden-forward-05"
  description = "For parameters-omitted, resource-deletion, role-trust-changed, root-sign-in, sign-in-without-mfa, secrets-read-by-filter"
  event_pattern = jsonencode({
    "$or" = [
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventCategory = [
            {
              exists = false
            },
            {
              anything-but = [
                "Data",
                "NetworkActivity",
              ]
            },
          ]
          eventSource = [
            "iam.amazonaws.com",
            "kms.amazonaws.com",
            "organizations.amazonaws.com",
            "s3.amazonaws.com",
            "sts.amazonaws.com",
          ]
          readOnly = [
            {
              exists = false
            },
            false,
            {
              wildcard = "*"
            },
          ]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventCategory = [
            {
              exists = false
            },
            {
              anything-but = [
                "Data",
                "NetworkActivity",
              ]
            },
          ]
          eventName = [
            {
              prefix = "BatchDelete"
            },
            {
              prefix = "Delete"
            },
            {
              prefix = "Deregister"
            },
            {
              prefix = "Purge"
            },
            {
              prefix = "Revoke"
            },
            {
              prefix = "ScheduleKeyDeletion"
            },
            {
              prefix = "Terminate"
            },
          ]
          eventType = [
            {
              exists = false
            },
            {
              anything-but = ["AwsServiceEvent"]
            },
          ]
          managementEvent = [
            {
              exists = false
            },
            true,
            {
              wildcard = "*"
            },
          ]
          readOnly = [
            {
              exists = false
            },
            false,
            {
              wildcard = "*"
            },
          ]
          userIdentity = {
            invokedBy = [
              {
                exists = false
              },
              {
                anything-but = {
                  suffix = [".amazonaws.com"]
                }
              },
            ]
            sessionContext = {
              sessionIssuer = {
                arn = [
                  {
                    exists = false
                  },
                  {
                    anything-but = {
                      wildcard = ["*:role/aws-service-role/*"]
                    }
                  },
                ]
              }
            }
            type = [
              {
                exists = false
              },
              {
                anything-but = ["AWSService"]
              },
            ]
          }
        }
      },
      {
        "$or" = [
          {
            detail = {
              eventName = ["UpdateAssumeRolePolicy"]
              requestParameters = {
                policyDocument = [
                  {
                    exists = true
                  },
                ]
              }
            }
          },
          {
            detail = {
              eventName = ["CreateRole"]
              requestParameters = {
                assumeRolePolicyDocument = [
                  {
                    exists = true
                  },
                ]
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["iam.amazonaws.com"]
        }
      },
      {
        detail = {
          eventName = ["ConsoleLogin"]
          responseElements = {
            ConsoleLogin = ["Success"]
          }
          userIdentity = {
            type = [
              "IAMUser",
              "Root",
            ]
          }
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName   = ["BatchGetSecretValue"]
          eventSource = ["secretsmanager.amazonaws.com"]
          userIdentity = {
            invokedBy = [
              {
                exists = false
              },
            ]
          }
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward05_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward05.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For s3-bucket-public, securityhub-disabled, serial-console-used.
resource "aws_cloudwatch_event_rule" "forward06" {
  name        = "trailwarden-forward-06"
  description = "For s3-bucket-public, securityhub-disabled, serial-console-used"
  event_pattern = jsonencode({
    "$or" = [
      {
        detail = {
          "$or" = [
            {
              eventName = ["PutBucketPolicy"]
              requestParameters = {
                bucketPolicy = {
                  Statement = {
                    Effect    = ["Allow"]
                    Principal = ["*"]
                  }
                }
              }
            },
            {
              eventName = ["PutBucketPolicy"]
              requestParameters = {
                bucketPolicy = {
                  Statement = {
                    Effect = ["Allow"]
                    Principal = {
                      AWS = ["*"]
                    }
                  }
                }
              }
            },
            {
              eventName = [
                "PutBucketAcl",
                "CreateBucket",
              ]
              requestParameters = {
                x-amz-acl = [
                  "public-read",
                  "public-read-write",
                  "authenticated-read",
                ]
              }
            },
            {
              eventName = ["PutBucketAcl"]
              requestParameters = {
                AccessControlPolicy = {
                  AccessControlList = {
                    Grant = {
                      Grantee = {
                        URI = [
                          {
                            suffix = "global/AllUsers"
                          },
                          {
                            suffix = "global/AuthenticatedUsers"
                          },
                        ]
                      }
                    }
                  }
                }
              }
            },
            {
              eventName = [
                "PutBucketAcl",
                "CreateBucket",
              ]
              requestParameters = {
                "$or" = [
                  {
                    x-amz-grant-read = [
                      {
                        wildcard = "*global/AllUsers*"
                      },
                      {
                        wildcard = "*global/AuthenticatedUsers*"
                      },
                    ]
                  },
                  {
                    x-amz-grant-write = [
                      {
                        wildcard = "*global/AllUsers*"
                      },
                      {
                        wildcard = "*global/AuthenticatedUsers*"
                      },
                    ]
                  },
                  {
                    x-amz-grant-full-control = [
                      {
                        wildcard = "*global/AllUsers*"
                      },
                      {
                        wildcard = "*global/AuthenticatedUsers*"
                      },
                    ]
                  },
                ]
              }
            },
          ]
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = ["s3.amazonaws.com"]
        }
      },
      {
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventName = [
            "BatchDisableStandards",
            "DeleteMembers",
            "DisableImportFindingsForProduct",
            "DisableOrganizationAdminAccount",
            "DisableSecurityHub",
            "DisableSecurityHubV2",
            "DisassociateFromAdministratorAccount",
            "DisassociateFromMasterAccount",
            "DisassociateMembers",
          ]
          eventSource = ["securityhub.amazonaws.com"]
        }
      },
      {
        detail = {
          "$or" = [
            {
              eventName   = ["EnableSerialConsoleAccess"]
              eventSource = ["ec2.amazonaws.com"]
            },
            {
              eventName   = ["SendSerialConsoleSSHPublicKey"]
              eventSource = ["ec2-instance-connect.amazonaws.com"]
            },
          ]
          errorCode = [
            {
              exists = false
            },
          ]
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward06_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward06.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For s3-public-access-block-lifted, snapshot-shared.
resource "aws_cloudwatch_event_rule" "forward07" {
  name        = "trailwarden-forward-07"
  description = "For s3-public-access-block-lifted, snapshot-shared"
  event_pattern = jsonencode({
    "$or" = [
      {
        "$or" = [
          {
            detail = {
              eventName = [
                "DeleteAccountPublicAccessBlock",
                "DeleteBucketPublicAccessBlock",
              ]
            }
          },
          {
            detail = {
              eventName = [
                "PutAccountPublicAccessBlock",
                "PutBucketPublicAccessBlock",
              ]
              requestParameters = {
                PublicAccessBlockConfiguration = {
                  BlockPublicAcls = [
                    "false",
                    false,
                  ]
                }
              }
            }
          },
          {
            detail = {
              eventName = [
                "PutAccountPublicAccessBlock",
                "PutBucketPublicAccessBlock",
              ]
              requestParameters = {
                PublicAccessBlockConfiguration = {
                  IgnorePublicAcls = [
                    "false",
                    false,
                  ]
                }
              }
            }
          },
          {
            detail = {
              eventName = [
                "PutAccountPublicAccessBlock",
                "PutBucketPublicAccessBlock",
              ]
              requestParameters = {
                PublicAccessBlockConfiguration = {
                  BlockPublicPolicy = [
                    "false",
                    false,
                  ]
                }
              }
            }
          },
          {
            detail = {
              eventName = [
                "PutAccountPublicAccessBlock",
                "PutBucketPublicAccessBlock",
              ]
              requestParameters = {
                PublicAccessBlockConfiguration = {
                  RestrictPublicBuckets = [
                    "false",
                    false,
                  ]
                }
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
          eventSource = [
            "s3.amazonaws.com",
            "s3express.amazonaws.com",
          ]
        }
      },
      {
        "$or" = [
          {
            detail = {
              eventName   = ["ModifySnapshotAttribute"]
              eventSource = ["ec2.amazonaws.com"]
            }
          },
          {
            detail = {
              eventName   = ["ModifyImageAttribute"]
              eventSource = ["ec2.amazonaws.com"]
            }
          },
          {
            detail = {
              eventName = [
                "ModifyDBClusterSnapshotAttribute",
                "ModifyDBSnapshotAttribute",
              ]
              eventSource = ["rds.amazonaws.com"]
              requestParameters = {
                attributeName = ["restore"]
                valuesToAdd = [
                  {
                    anything-but = {
                      wildcard = "*"
                    }
                  },
                  {
                    wildcard = "*"
                  },
                ]
              }
            }
          },
        ]
        detail = {
          errorCode = [
            {
              exists = false
            },
          ]
        }
      },
    ]
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward07_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward07.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# For security-group-opened.
resource "aws_cloudwatch_event_rule" "forward08" {
  name        = "trailwarden-forward-08"
  description = "For security-group-opened"
  event_pattern = jsonencode({
    detail = {
      "$or" = [
        {
          eventName = ["AuthorizeSecurityGroupIngress"]
          requestParameters = {
            ipPermissions = {
              items = {
                "$or" = [
                  {
                    fromPort = [
                      {
                        anything-but = [
                          80,
                          443,
                        ]
                      },
                    ]
                    ipProtocol = [
                      {
                        anything-but = [
                          "icmp",
                          "icmpv6",
                        ]
                      },
                    ]
                    ipRanges = {
                      items = {
                        cidrIp = [
                          {
                            suffix = "/0"
                          },
                          {
                            suffix = "/1"
                          },
                        ]
                      }
                    }
                  },
                  {
                    ipProtocol = [
                      {
                        anything-but = [
                          "icmp",
                          "icmpv6",
                        ]
                      },
                    ]
                    ipRanges = {
                      items = {
                        cidrIp = [
                          {
                            suffix = "/0"
                          },
                          {
                            suffix = "/1"
                          },
                        ]
                      }
                    }
                    toPort = [
                      {
                        anything-but = [
                          80,
                          443,
                        ]
                      },
                    ]
                  },
                  {
                    ipProtocol = ["-1"]
                    ipRanges = {
                      items = {
                        cidrIp = [
                          {
                            suffix = "/0"
                          },
                          {
                            suffix = "/1"
                          },
                        ]
                      }
                    }
                  },
                  {
                    fromPort = [
                      {
                        anything-but = [
                          80,
                          443,
                        ]
                      },
                    ]
                    ipProtocol = [
                      {
                        anything-but = [
                          "icmp",
                          "icmpv6",
                        ]
                      },
                    ]
                    ipv6Ranges = {
                      items = {
                        cidrIpv6 = [
                          {
                            suffix = "/0"
                          },
                          {
                            suffix = "/1"
                          },
                        ]
                      }
                    }
                  },
                  {
                    ipProtocol = [
                      {
                        anything-but = [
                          "icmp",
                          "icmpv6",
                        ]
                      },
                    ]
                    ipv6Ranges = {
                      items = {
                        cidrIpv6 = [
                          {
                            suffix = "/0"
                          },
                          {
                            suffix = "/1"
                          },
                        ]
                      }
                    }
                    toPort = [
                      {
                        anything-but = [
                          80,
                          443,
                        ]
                      },
                    ]
                  },
                  {
                    ipProtocol = ["-1"]
                    ipv6Ranges = {
                      items = {
                        cidrIpv6 = [
                          {
                            suffix = "/0"
                          },
                          {
                            suffix = "/1"
                          },
                        ]
                      }
                    }
                  },
                ]
              }
            }
          }
        },
        {
          eventName = ["AuthorizeSecurityGroupIngress"]
          requestParameters = {
            cidrIp = [
              {
                suffix = "/0"
              },
              {
                suffix = "/1"
              },
            ]
            fromPort = [
              {
                anything-but = [
                  80,
                  443,
                ]
              },
            ]
          }
        },
        {
          eventName = ["ModifySecurityGroupRules"]
          requestParameters = {
            ModifySecurityGroupRulesRequest = {
              SecurityGroupRule = {
                SecurityGroupRule = {
                  CidrIpv4 = [
                    {
                      suffix = "/0"
                    },
                    {
                      suffix = "/1"
                    },
                  ]
                  FromPort = [
                    {
                      anything-but = [
                        80,
                        443,
                      ]
                    },
                  ]
                }
              }
            }
          }
        },
        {
          eventName = ["ModifySecurityGroupRules"]
          requestParameters = {
            ModifySecurityGroupRulesRequest = {
              SecurityGroupRule = {
                SecurityGroupRule = {
                  CidrIpv6 = [
                    {
                      suffix = "/0"
                    },
                    {
                      suffix = "/1"
                    },
                  ]
                  FromPort = [
                    {
                      anything-but = [
                        80,
                        443,
                      ]
                    },
                  ]
                }
              }
            }
          }
        },
      ]
      errorCode = [
        {
          exists = false
        },
      ]
      eventSource = ["ec2.amazonaws.com"]
    }
    detail-type = [
      "AWS API Call via CloudTrail",
      "AWS Console Sign In via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Insight via CloudTrail",
    ]
  })
  state = "ENABLED"
}

resource "aws_cloudwatch_event_target" "forward08_central_bus" {
  rule      = aws_cloudwatch_event_rule.forward08.name
  target_id = "central-bus"
  arn       = "arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"
  role_arn  = "arn:${var.partition}:iam::${var.account_id}:role/trailwarden-forward"

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
}

# Only these rules send to the queue.
resource "aws_sqs_queue_policy" "undelivered_policy" {
  queue_url = aws_sqs_queue.undelivered.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # What our rules of this account and region could not deliver is kept.
      {
        Sid    = "RulesKeepWhatFailed"
        Effect = "Allow"
        Principal = {
          Service = ["events.amazonaws.com"]
        }
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.undelivered.arn]
        Condition = {
          ArnLike = {
            "aws:SourceArn" = ["arn:${var.partition}:events:${var.region}:${var.account_id}:rule/trailwarden-forward-*"]
          }
        }
      },
    ]
  })
}
