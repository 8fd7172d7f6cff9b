import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { eventTypes } from './event-table.js'
import type { AnyEventType } from './event-type.js'

const protos = fileURLToPath(new URL('../../../../proto', import.meta.url))

/** Full names of the messages, as the files have them. */
const declared = globSync('weir/*/v*/*_events.proto', { cwd: protos }).flatMap((file) => {
  const source = readFileSync(`${protos}/${file}`, 'utf8')
  const packageName = /^package (\S+);/m.exec(source)![1]!
  return [...source.matchAll(/^message (\w+)/gm)].map(([, name]) => `${packageName}.${name}`)
})

const samples = {
  string: 'ä "quoted"\n',
  bool: true,
  uint32: 4_294_967_295,
  uint64: '18446744073709551615',
  double: 2 ** 53 - 1,
}

/** An event with something in each field. */
function sampleOf({ fields }: AnyEventType): Record<string, unknown> {
  return Object.fromEntries(
    fields.map(({ property, name, type }) => [
      property,
      type === 'string' ? `${name} ${samples.string}` : samples[type],
    ]),
  )
}

describe('event table', () => {
  it('has one row for each message of the *_events.proto files, and no other', () => {
    expect(declared.length).toBeGreaterThan(0)
    expect(eventTypes.map(({ name }) => name).toSorted()).toEqual(declared.toSorted())
  })

  it('has topics that no other row has', () => {
    expect(new Set(eventTypes.map(({ topic }) => topic)).size).toBe(eventTypes.length)
  })

  describe.each(eventTypes.map((eventType) => [eventType.name, eventType] as const))(
    '%s',
    (name, eventType) => {
      const sample = sampleOf(eventType)

      it('has the topic that its comment says, derived from its name', () => {
        expect(eventType.topic).toMatch(/^weir\.[a-z]+\.[a-z]+(-[a-z]+)*\.v\d+$/)
        expect(eventType.description).toContain(`Topic ${eventType.topic}`)
        expect(eventType.topic.replaceAll('-', '').split('.').toSorted()).toEqual(
          name.toLowerCase().split('.').toSorted(),
        )
        expect(eventType.description.includes('compacted')).toBe(eventType.compacted)
      })

      it('comes back from the wire as it was', () => {
        const { value } = eventType.encode(sample as never, 'test')
        expect(eventType.decode(value)).toEqual(sample)
      })

      it('is flat JSON in snake_case with every field', () => {
        const flat = JSON.parse(eventType.encode(sample as never, 'test').value) as Record<string, unknown>
        expect(Object.keys(flat)).toEqual(eventType.fields.map((field) => field.name))
        for (const [field, content] of Object.entries(flat)) {
          expect(field).toMatch(/^[a-z]+(_[a-z0-9]+)*$/)
          expect(['string', 'number', 'boolean']).toContain(typeof content)
        }
      })

      it('is keyed by its key fields', () => {
        const { key } = eventType.encode(sample as never, 'test')
        expect(key).toBe(eventType.keyFields.map((field) => sample[field]).join('/'))
        expect(key).not.toContain('undefined')
      })

      it('has the attributes of CloudEvents as headers', () => {
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
        const { headers } = eventType.encode(sample as never, 'gateway', traceparent)
        expect(headers).toEqual({
          ce_specversion: '1.0',
          ce_id: sample['eventId'],
          ce_type: name,
          ce_source: 'gateway',
          ce_time: sample[eventType.timeField],
          'content-type': 'application/json',
          traceparent,
        })
        expect(eventType.encode(sample as never, 'gateway').headers).not.toHaveProperty('traceparent')
      })

      it('takes a missing field for its zero value, and ignores an unknown one', () => {
        const decoded = eventType.decode('{"event_id":"e","invented_later":{"a":1}}') as Record<
          string,
          unknown
        >
        const required = eventType.fields.filter(({ optional }) => !optional)
        expect(Object.keys(decoded)).toEqual(required.map(({ property }) => property))
        expect(decoded).toMatchObject({ eventId: 'e', organization: '' })
      })

      it('has no optional field on the wire that is left out', () => {
        const required = Object.fromEntries(
          eventType.fields
            .filter(({ optional }) => !optional)
            .map(({ property }) => [property, sample[property]]),
        )
        const { value } = eventType.encode({ ...required, serviceTier: undefined } as never, 'test')
        expect(eventType.decode(value)).toEqual(required)
        expect(Object.keys(JSON.parse(value) as object)).toHaveLength(Object.keys(required).length)
      })

      it('refuses a field of the wrong type, both ways, and says which', () => {
        const wrong = { string: 5, bool: 'true', uint32: -1, uint64: 12, double: '1' }
        for (const { name: field, property, type, optional } of eventType.fields) {
          const flat = JSON.parse(eventType.encode(sample as never, 'test').value) as Record<string, unknown>
          expect(() => eventType.decode(JSON.stringify({ ...flat, [field]: wrong[type] }))).toThrow(
            `${name}: ${field} is `,
          )
          expect(() => eventType.encode({ ...sample, [property]: wrong[type] } as never, 'test')).toThrow(
            TypeError,
          )
          if (optional) continue
          expect(() => eventType.encode({ ...sample, [property]: undefined } as never, 'test')).toThrow(
            TypeError,
          )
        }
      })

      it.each(['', 'null', '[]', '"text"', '{', '{}', '{"event_id":""}', '{"event_id":null}'])(
        'refuses the value %j',
        (value) => {
          expect(() => eventType.decode(value)).toThrow(TypeError)
        },
      )

      it('says in an error what is wrong, and not the content, which may be a secret', () => {
        expect(() => eventType.decode('{"event_id":["vk_secret"]}')).toThrow(/^(?!.*vk_secret)/)
      })
    },
  )
})
