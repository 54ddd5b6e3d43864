# say TEXT…: what is being done.
say() { printf '%s\n' "$*" >&2; }

# quiet COMMAND…: whether it succeeds.
quiet() { "$@" >/dev/null 2>&1; }

# retry COMMAND…: tries again while other services do not know a new role or
# policy yet; any other failure counts at once.
retry() {
  local n out
  for n in 1 2 3 4 5 6 7 8; do
    if out=$("$@" 2>&1); then
      return 0
    fi
    case $out in
      *"be assumed"* | *"not authorized"* | *ermission* | *"nvalid principal"* | *"Unable to validate"* | *InsufficientS3BucketPolicy* | *"Access denied"* | *LogsRole* | *[Cc]oncurrent*) sleep $((n * RETRY_SECONDS)) ;;
      *) break ;;
    esac
  done
  say "$out"
  return 1
}

# gone COMMAND…: takes something away; that it is not there is as well.
gone() {
  local out
  if out=$("$@" 2>&1); then
    return 0
  fi
  case $out in
    *NotFound* | *NoSuch* | *NonExistent* | *DoesNotExist* | *EntityNotExist* | *"not found"* | *"not exist"*) return 0 ;;
  esac
  say "$out"
  return 1
}

# kept WHAT NAME: what holds data stays, unless PURGE=yes.
kept() {
  if [ "$PURGE" = yes ]; then
    return 1
  fi
  say "kept: $1 $2 (PURGE=yes removes it)"
}

# at ACCOUNT REGION COMMAND…: runs a function there, and nothing stays of it.
# ACCOUNT is central, management, or the id of a member of the organization.
at() (
  enter "$@"
)

# enter ACCOUNT REGION COMMAND…
enter() {
  local account=$1 caller
  REGION=$2
  shift 2
  export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION
  case $account in
    central) [ -z "$CENTRAL_PROFILE" ] || export AWS_PROFILE=$CENTRAL_PROFILE ;;
    *) [ -z "$MANAGEMENT_PROFILE" ] || export AWS_PROFILE=$MANAGEMENT_PROFILE ;;
  esac
  become "$account"
  caller=$(aws sts get-caller-identity --query '[Account,Arn]' --output text)
  read -r ACCOUNT_ID caller <<<"$caller"
  PARTITION=${caller#arn:}
  PARTITION=${PARTITION%%:*}
  "$@"
}

# become ACCOUNT: assumes the role in a member account.
become() {
  local caller key own
  case $1 in
    central | management) return 0 ;;
  esac
  caller=$(aws sts get-caller-identity --query '[Account,Arn]' --output text)
  read -r own caller <<<"$caller"
  if [ "$own" = "$1" ]; then
    return 0
  fi
  caller=${caller#arn:}
  key=$(aws sts assume-role --role-arn "arn:${caller%%:*}:iam::$1:role/$MEMBER_ROLE" --role-session-name trailwarden-deploy \
    --query '[Credentials.AccessKeyId,Credentials.SecretAccessKey,Credentials.SessionToken]' --output text)
  read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<<"$key"
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  unset AWS_PROFILE
}

# members: the ids of the organization's active accounts.
members() { aws organizations list-accounts --query "Accounts[?Status=='ACTIVE'].Id" --output text; }

# ensure_bucket NAME
ensure_bucket() {
  say "bucket $1"
  if quiet aws s3api head-bucket --bucket "$1"; then
    return 0
  fi
  if [ "$REGION" = us-east-1 ]; then
    aws s3api create-bucket --bucket "$1" >/dev/null
  else
    aws s3api create-bucket --bucket "$1" --create-bucket-configuration "LocationConstraint=$REGION" >/dev/null
  fi
}

# remove_bucket NAME: only an empty one can be deleted, and nothing here empties
# one.
remove_bucket() {
  if quiet aws s3api head-bucket --bucket "$1" && ! quiet aws s3api delete-bucket --bucket "$1"; then
    say "kept: bucket $1 (it is not empty)"
  fi
}

# notify BUCKET ID OPTION…: merges a notification into those that the bucket has.
notify() {
  local bucket=$1 id=$2
  shift 2
  say "notification $id of bucket $bucket"
  retry "$TRAILWARDEN" deploy notify --region "$REGION" --bucket "$bucket" --id "$id" "$@"
}

# unnotify BUCKET ID: takes it away again and leaves the others.
unnotify() {
  if quiet aws s3api head-bucket --bucket "$1"; then
    "$TRAILWARDEN" deploy notify --region "$REGION" --bucket "$1" --id "$2" --remove >/dev/null
  fi
}

# key_id ALIAS: the key behind it, or nothing.
key_id() { aws kms describe-key --key-id "$1" --query KeyMetadata.KeyId --output text 2>/dev/null || true; }

# ensure_key ALIAS DESCRIPTION POLICY
ensure_key() {
  local id
  say "key $1"
  id=$(key_id "$1")
  if [ -n "$id" ]; then
    aws kms put-key-policy --key-id "$id" --policy-name default --policy "$3"
  else
    id=$(aws kms create-key --description "$2" --policy "$3" --query KeyMetadata.KeyId --output text)
    aws kms create-alias --alias-name "$1" --target-key-id "$id"
  fi
}

# remove_key ALIAS: AWS waits 30 days before it deletes the key; what it encrypts
# cannot be read afterwards.
remove_key() {
  local id
  id=$(key_id "$1")
  if [ -n "$id" ]; then
    gone aws kms delete-alias --alias-name "$1"
    aws kms schedule-key-deletion --key-id "$id" --pending-window-in-days 30 >/dev/null
  fi
}

# ensure_table NAME DEFINITION
ensure_table() {
  say "table $1"
  if ! quiet aws dynamodb describe-table --table-name "$1"; then
    aws dynamodb create-table --cli-input-json "$2" >/dev/null
    aws dynamodb wait table-exists --table-name "$1"
  fi
}

# ensure_ttl TABLE ATTRIBUTE: turning on what is on already would be refused.
ensure_ttl() {
  case $(aws dynamodb describe-time-to-live --table-name "$1" --query TimeToLiveDescription.TimeToLiveStatus --output text) in
    ENABLED | ENABLING) ;;
    *) aws dynamodb update-time-to-live --table-name "$1" --time-to-live-specification "Enabled=true,AttributeName=$2" >/dev/null ;;
  esac
}

# ensure_topic NAME
ensure_topic() {
  say "topic $1"
  aws sns create-topic --name "$1" >/dev/null
}

# subscription TOPIC PROTOCOL ENDPOINT: its ARN, or what stands for one that is not
# confirmed, or nothing.
subscription() {
  aws sns list-subscriptions-by-topic --topic-arn "$1" --query "Subscriptions[?Protocol=='$2' && Endpoint=='$3'].SubscriptionArn" --output text 2>/dev/null || true
}

# ensure_subscription TOPIC PROTOCOL ENDPOINT: once, because each attempt sends
# another letter to an address that has not confirmed.
ensure_subscription() {
  say "subscription $2 $3"
  if [ -z "$(subscription "$@")" ]; then
    aws sns subscribe --topic-arn "$1" --protocol "$2" --notification-endpoint "$3" >/dev/null
  fi
}

# set_subscription TOPIC PROTOCOL ENDPOINT ATTRIBUTE VALUE
set_subscription() {
  local arn
  arn=$(subscription "$1" "$2" "$3")
  case $arn in
    arn:*) aws sns set-subscription-attributes --subscription-arn "$arn" --attribute-name "$4" --attribute-value "$5" ;;
  esac
}

# remove_subscription TOPIC PROTOCOL ENDPOINT
remove_subscription() {
  local arn
  arn=$(subscription "$@")
  case $arn in
    arn:*) gone aws sns unsubscribe --subscription-arn "$arn" ;;
  esac
}

# queue_url NAME: or nothing.
queue_url() { aws sqs get-queue-url --queue-name "$1" --query QueueUrl --output text 2>/dev/null || true; }

# ensure_queue NAME ATTRIBUTES
ensure_queue() {
  local url
  say "queue $1"
  url=$(queue_url "$1")
  if [ -n "$url" ]; then
    aws sqs set-queue-attributes --queue-url "$url" --attributes "$2"
  else
    aws sqs create-queue --queue-name "$1" --attributes "$2" >/dev/null
  fi
}

# set_queue NAME ATTRIBUTES
set_queue() { retry aws sqs set-queue-attributes --queue-url "$(queue_url "$1")" --attributes "$2"; }

# remove_queue NAME
remove_queue() {
  local url
  url=$(queue_url "$1")
  if [ -n "$url" ]; then
    gone aws sqs delete-queue --queue-url "$url"
  fi
}

# ensure_role NAME TRUST DESCRIPTION
ensure_role() {
  say "role $1"
  if quiet aws iam get-role --role-name "$1"; then
    aws iam update-assume-role-policy --role-name "$1" --policy-document "$2"
  else
    aws iam create-role --role-name "$1" --assume-role-policy-document "$2" --description "$3" >/dev/null
  fi
}

# remove_role NAME
remove_role() {
  local policy
  if ! quiet aws iam get-role --role-name "$1"; then
    return 0
  fi
  for policy in $(aws iam list-role-policies --role-name "$1" --query 'PolicyNames[]' --output text); do
    gone aws iam delete-role-policy --role-name "$1" --policy-name "$policy"
  done
  for policy in $(aws iam list-attached-role-policies --role-name "$1" --query 'AttachedPolicies[].PolicyArn' --output text); do
    gone aws iam detach-role-policy --role-name "$1" --policy-arn "$policy"
  done
  gone aws iam delete-role --role-name "$1"
}

# ensure_function NAME DEFINITION SETTINGS CODE: SETTINGS and CODE are those parts
# of the definition that may change later.
ensure_function() {
  say "function $1"
  if quiet aws lambda get-function --function-name "$1"; then
    retry aws lambda update-function-configuration --cli-input-json "$3"
    aws lambda wait function-updated --function-name "$1"
    aws lambda update-function-code --cli-input-json "$4" >/dev/null
    aws lambda wait function-updated --function-name "$1"
  else
    retry aws lambda create-function --cli-input-json "$2"
    aws lambda wait function-active --function-name "$1"
  fi
}

# ensure_permission FUNCTION STATEMENT OPTION…: the statement's id changes with
# what it says, so one that is there is right.
ensure_permission() {
  local function=$1 statement=$2
  shift 2
  case $(aws lambda get-policy --function-name "$function" --query Policy --output text 2>/dev/null || true) in
    *"\"$statement\""*) return 0 ;;
  esac
  say "permission $statement"
  aws lambda add-permission --function-name "$function" --statement-id "$statement" "$@" >/dev/null
}

# source_mapping FUNCTION SOURCE: its id, or None.
source_mapping() {
  aws lambda list-event-source-mappings --function-name "$1" --event-source-arn "$2" --query 'EventSourceMappings[0].UUID' --output text 2>/dev/null || printf None
}

# ensure_source FUNCTION SOURCE SETTINGS
ensure_source() {
  local id
  say "event source $2"
  id=$(source_mapping "$1" "$2")
  if [ "$id" = None ]; then
    retry aws lambda create-event-source-mapping --function-name "$1" --event-source-arn "$2" --cli-input-json "$3"
  else
    retry aws lambda update-event-source-mapping --uuid "$id" --function-name "$1" --cli-input-json "$3"
  fi
}

# remove_source FUNCTION SOURCE
remove_source() {
  local id
  id=$(source_mapping "$1" "$2")
  if [ "$id" != None ]; then
    gone aws lambda delete-event-source-mapping --uuid "$id"
  fi
}

# ensure_bus NAME
ensure_bus() {
  say "event bus $1"
  if ! quiet aws events describe-event-bus --name "$1"; then
    aws events create-event-bus --name "$1" >/dev/null
  fi
}

# ensure_rule DEFINITION
ensure_rule() { retry aws events put-rule --cli-input-json "$1"; }

# remove_rule BUS NAME
remove_rule() {
  local target
  for target in $(aws events list-targets-by-rule --event-bus-name "$1" --rule "$2" --query 'Targets[].Id' --output text 2>/dev/null || true); do
    gone aws events remove-targets --event-bus-name "$1" --rule "$2" --ids "$target"
  done
  gone aws events delete-rule --event-bus-name "$1" --name "$2"
}

# ensure_log_group NAME
ensure_log_group() {
  say "log group $1"
  if [ -z "$(aws logs describe-log-groups --log-group-name-prefix "$1" --query "logGroups[?logGroupName=='$1'].logGroupName" --output text)" ]; then
    aws logs create-log-group --log-group-name "$1"
  fi
}

# ensure_trail NAME DEFINITION
ensure_trail() {
  say "trail $1"
  if quiet aws cloudtrail get-trail --name "$1"; then
    retry aws cloudtrail update-trail --cli-input-json "$2"
  else
    retry aws cloudtrail create-trail --cli-input-json "$2"
  fi
}

# ensure_database NAME DEFINITION
ensure_database() {
  say "database $1"
  if quiet aws glue get-database --name "$1"; then
    aws glue update-database --name "$1" --database-input "$2"
  else
    aws glue create-database --database-input "$2"
  fi
}

# ensure_glue_table DATABASE NAME DEFINITION
ensure_glue_table() {
  say "table $1.$2"
  if quiet aws glue get-table --database-name "$1" --name "$2"; then
    aws glue update-table --database-name "$1" --table-input "$3"
  else
    aws glue create-table --database-name "$1" --table-input "$3"
  fi
}

# ensure_workgroup NAME DEFINITION UPDATE
ensure_workgroup() {
  say "workgroup $1"
  if [ -n "$(aws athena list-work-groups --query "WorkGroups[?Name=='$1'].Name" --output text)" ]; then
    aws athena update-work-group --cli-input-json "$3"
  else
    aws athena create-work-group --cli-input-json "$2"
  fi
}

# named_query WORKGROUP NAME: its id, or nothing.
named_query() {
  local id
  for id in $(aws athena list-named-queries --work-group "$1" --query 'NamedQueryIds[]' --output text 2>/dev/null || true); do
    if [ "$(aws athena get-named-query --named-query-id "$id" --query NamedQuery.Name --output text)" = "$2" ]; then
      printf '%s' "$id"
      return 0
    fi
  done
}

# remove_named_query WORKGROUP NAME
remove_named_query() {
  local id
  id=$(named_query "$1" "$2")
  if [ -n "$id" ]; then
    gone aws athena delete-named-query --named-query-id "$id"
  fi
}

# ensure_named_query WORKGROUP NAME DEFINITION
ensure_named_query() {
  say "query $2"
  remove_named_query "$1" "$2"
  aws athena create-named-query --cli-input-json "$3" >/dev/null
}

# ensure_identity ADDRESS
ensure_identity() {
  say "identity $1"
  if ! quiet aws sesv2 get-email-identity --email-identity "$1"; then
    aws sesv2 create-email-identity --email-identity "$1" >/dev/null
  fi
}
