const error = { $ref: '#/components/schemas/Error' }

const errorResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: error } },
})

/** Of what limits the caller; on refusals too. */
export const limitHeaders = Object.fromEntries(
  ['requests', 'tokens'].flatMap((what) =>
    [
      [
        'limit',
        `Most ${what} in any 60 seconds, of the limit that is nearest to its end; absent: none applies.`,
      ],
      ['remaining', `How many ${what} of it are left.`],
      ['reset', `When none of it is used any more: \`20ms\`, \`1s\`, \`1m0s\`.`],
    ].map(([name = '', description]) => [
      `x-ratelimit-${name}-${what}`,
      { description, schema: { type: 'string' as const } },
    ]),
  ),
)

/** How an inference route refuses. */
export const refusals = {
  '400': errorResponse(
    '`invalid_request`, `unsupported_model`, `provider_key_missing`; or what the provider itself refused.',
  ),
  '401': errorResponse('`missing_api_key`, `invalid_api_key`, `key_disabled`, `key_expired`.'),
  '403': errorResponse(
    '`key_not_associated_with_team`, `model_not_allowed`, `endpoint_not_allowed`, `source_not_allowed`, `policy_violation`.',
  ),
  '404': errorResponse('`model_not_found`, `team_not_found`, `workload_not_found`, `provider_not_found`.'),
  '413': errorResponse('`request_too_large`.'),
  '422': errorResponse('`idempotency_conflict`.'),
  '429': {
    ...errorResponse(
      '`rate_limit_exceeded`, with `retry-after` and which limit it is; `budget_exceeded`, with `x-should-retry: false`.',
    ),
    headers: limitHeaders,
  },
  '500': errorResponse('`internal_error`.'),
  '502': errorResponse('`provider_error`.'),
  '503': errorResponse('`service_unavailable`, with `retry-after`.'),
  '504': errorResponse('`provider_timeout`.'),
}

/** Of an answer that is given again. */
export const keptHeaders = {
  'x-weir-cache': {
    description:
      '`hit`: given before and given again, at no cost; `miss`: kept from now on. Absent: no cache applies.',
    schema: { type: 'string' as const },
  },
  'x-weir-idempotent-replay': {
    description: '`true`: the answer that the request with this Idempotency-Key had.',
    schema: { type: 'string' as const },
  },
  age: { description: 'Of an answer that is given again: seconds.', schema: { type: 'string' as const } },
}

const header = (name: string, description: string) => ({
  ...{ name, in: 'header' as const, required: false, description, schema: { type: 'string' as const } },
})

/** What callers may say of an inference request beside its body. */
export const inferenceParameters = [
  header(
    'Idempotency-Key',
    'For a day, the same key of the same virtual key with the same body has the same answer, for one call. Another body is refused.',
  ),
  header(
    'cache-control',
    'Where a response cache applies: `no-store` keeps out of it, `no-cache` asks anew, `max-age` says how old an answer may be, seconds.',
  ),
]

/** Of every answer. */
export const requestIdHeader = {
  'x-request-id': {
    description: 'Names the request in logs and in usage.',
    schema: { type: 'string' as const },
  },
}
