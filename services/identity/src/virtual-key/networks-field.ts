import type { ApiPropertyOptions } from '@nestjs/swagger'
import { Field } from '@weir/http'
import { findNetworkMistake } from '@weir/rights'

const maxNetworks = 100

/** Networks in CIDR notation, and single addresses. */
export function NetworksField(options: { description: string; optional: true }): PropertyDecorator {
  const schema = {
    type: 'array',
    items: { type: 'string', maxLength: 50 },
    minItems: 1,
    maxItems: maxNetworks,
    uniqueItems: true,
    example: ['10.0.0.0/8', '2001:db8::/32'],
  } as ApiPropertyOptions
  return Field(options, schema, (value) => {
    if (!Array.isArray(value)) return 'must be a list of networks, such as ["10.0.0.0/8"]'
    if (value.length === 0) return 'may not be empty: leave it out instead'
    if (value.length > maxNetworks) return `must have at most ${maxNetworks} entries`
    for (const [index, entry] of value.entries()) {
      const mistake = typeof entry === 'string' ? findNetworkMistake(entry) : 'must be a string'
      if (mistake) return `entry ${index} ${mistake}, such as 10.0.0.0/8 or 2001:db8::/32`
    }
    return new Set(value).size < value.length ? 'has an entry twice' : undefined
  })
}
