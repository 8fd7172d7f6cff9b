/**
 * Every error that a caller of Weir can see: one row a code. The README of this lib lists the same
 * codes for people, and a test compares the two both ways.
 */
export interface ErrorRow {
  /** HTTP status of the reply. */
  readonly status: number
  /** `type` of OpenAI's error envelope; SDKs choose their exception by status, people read this. */
  readonly type: string
  /** What happened and what to do; `{name}` is replaced by the parameter of that name. */
  readonly message: string
}

const row = (status: number, type: string, message: string): ErrorRow => ({ status, type, message })

const invalid = 'invalid_request_error'
const authentication = 'authentication_error'
const permission = 'permission_error'
const missing = 'not_found_error'

export const errorTable = {
  invalid_request: row(400, invalid, '{reason}'),
  unsupported_model: row(
    400,
    invalid,
    'The model `{model}` cannot do this: {reason}. Choose another model; GET /v1/models lists those that this key may use.',
  ),
  provider_key_missing: row(
    400,
    invalid,
    'The provider `{provider}` has no credential. An administrator must set its `api_key` with PATCH /v1/providers/{provider}.',
  ),
  missing_api_key: row(
    401,
    authentication,
    'No API key was sent. Send a virtual key (for management: the master key) as `Authorization: Bearer …` or in the header `x-api-key`.',
  ),
  invalid_api_key: row(
    401,
    authentication,
    'The API key is not known here. Check that it was copied whole; if it was deleted or rotated, ask for a new one.',
  ),
  invalid_credentials: row(
    401,
    authentication,
    'These credentials are not right. Check the address, the password or the token; after several wrong ones an address is locked for 15 minutes.',
  ),
  key_disabled: row(
    401,
    authentication,
    'The virtual key is disabled. An administrator can enable it with PATCH /v1/keys/{key}.',
  ),
  key_expired: row(
    401,
    authentication,
    'The virtual key expired at {expiresAt}. Ask an administrator for a new one.',
  ),
  key_not_associated_with_team: row(
    403,
    permission,
    'The virtual key belongs to no team, so nobody would pay for the call. An administrator can set `team` with PATCH /v1/keys/{key}.',
  ),
  model_not_allowed: row(
    403,
    permission,
    'The model `{model}` may not be used with this key: {reason}. GET /v1/models lists those that may.',
  ),
  permission_denied: row(
    403,
    permission,
    'Your role does not let you do this: it takes the permission {permission}. An owner or administrator can give you another role.',
  ),
  key_wider_than_maker: row(
    403,
    permission,
    'The virtual key could do more than the one that it is managed with: its `{what}` is wider. Choose less, or use a wider credential.',
  ),
  source_not_allowed: row(
    403,
    permission,
    'This key may not be used from the address {address}. An administrator can list more networks in `source_networks` with PATCH /v1/keys/{key}.',
  ),
  endpoint_not_allowed: row(403, permission, 'This key may not call {endpoint}: {reason}.'),
  deployment_not_allowed: row(403, permission, 'This key may not call the deployment `{deployment}`.'),
  policy_violation: row(403, permission, 'The policy `{policy}` forbids this request: {reason}'),
  model_not_found: row(
    404,
    missing,
    'There is no model `{model}`. GET /v1/models lists those that this key may use.',
  ),
  organization_not_found: row(404, missing, 'There is no organization `{organization}`.'),
  budget_not_found: row(404, missing, 'There is no budget `{budget}`. POST /v1/budgets makes one.'),
  policy_not_found: row(404, missing, 'There is no policy `{policy}`. POST /v1/policies makes one.'),
  violation_not_found: row(
    404,
    missing,
    'There is no violation `{violation}`. GET /v1/policies/violations lists them; they are kept for a year.',
  ),
  team_not_found: row(404, missing, 'There is no team `{team}`.'),
  provider_not_found: row(404, missing, 'There is no provider `{provider}`.'),
  deployment_not_found: row(404, missing, 'There is no deployment `{deployment}`.'),
  repository_not_found: row(404, missing, 'There is no repository `{repository}`.'),
  version_not_found: row(404, missing, 'The model `{model}` has no version {version}.'),
  workspace_not_found: row(404, missing, 'There is no workspace `{workspace}`.'),
  workload_not_found: row(404, missing, 'There is no workload `{workload}`.'),
  request_not_found: row(
    404,
    missing,
    'There is no attempt of a request `{request}`. It is listed about a second after its end; the id is the x-request-id of the reply.',
  ),
  user_not_found: row(404, missing, 'There is no user `{user}`.'),
  member_not_found: row(404, missing, 'The user `{user}` is no member of this workspace.'),
  invitation_not_found: row(
    404,
    missing,
    'There is no such invitation: it was used, withdrawn, or is older than a week. Ask for another.',
  ),
  service_account_not_found: row(404, missing, 'There is no service account `{account}`.'),
  key_not_found: row(404, missing, 'There is no virtual key with the id `{key}`.'),
  route_not_found: row(
    404,
    missing,
    'There is no route {method} {path}. GET /docs shows those that there are.',
  ),
  already_exists: row(
    409,
    invalid,
    'There is already a {kind} `{id}`. Choose another name, or change that one.',
  ),
  in_use: row(409, invalid, 'The {kind} `{id}` is in use by {users}. Delete or change those first.'),
  idempotency_conflict: row(
    422,
    invalid,
    'The Idempotency-Key `{key}` was sent before with another body. Send a new key with a new request, the same body with the same key.',
  ),
  request_too_large: row(413, invalid, 'The request body is larger than {limit}. Send less.'),
  rate_limit_exceeded: row(429, 'rate_limit_error', '{reason}'),
  budget_exceeded: row(429, 'insufficient_quota', '{reason}'),
  internal_error: row(
    500,
    'api_error',
    'Something failed inside Weir. Try again; if it stays so, give the x-request-id to your administrator.',
  ),
  provider_error: row(502, 'api_error', 'The provider `{provider}` failed: {reason}'),
  service_unavailable: row(503, 'api_error', '{reason}'),
  provider_timeout: row(504, 'api_error', 'The provider `{provider}` did not answer in time: {reason}'),
} as const satisfies Record<string, ErrorRow>

/** A code of the table, as it stands in `error.code` of a reply. */
export type ErrorCode = keyof typeof errorTable

type Parameters<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Parameters<Rest>
  : never

/** The parameters that a code's message needs. */
export type ErrorParameters<Code extends ErrorCode> = Record<
  Parameters<(typeof errorTable)[Code]['message']>,
  string
>
