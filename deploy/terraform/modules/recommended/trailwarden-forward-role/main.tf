# The role by which an account's rules forward events; IAM is global, so it is made once.

# May put events onto the one central bus.
resource "aws_iam_role" "forward_role" {
  name = "trailwarden-forward"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # EventBridge forwards as this role, for our rules of this account.
      {
        Sid    = "Assume"
        Effect = "Allow"
        Principal = {
          Service = ["events.amazonaws.com"]
        }
        Action = ["sts:AssumeRole"]
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = [var.account_id]
          }
          ArnLike = {
            "aws:SourceArn" = ["arn:${var.partition}:events:*:${var.account_id}:rule/trailwarden-forward-*"]
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "forward_role" {
  role = aws_iam_role.forward_role.id
  name = "forward"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The central bus, and no other.
      {
        Sid      = "PutOntoCentralBus"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = ["arn:${var.partition}:events:${var.home_region}:${var.central_account_id}:event-bus/trailwarden-events"]
      },
    ]
  })
}
