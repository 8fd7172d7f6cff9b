import { ApiProperty } from '@nestjs/swagger'
import type { DetectorSettings } from '@weir/detectors'
import type { Plan } from './plan.js'
import { DetectorsField, ProseField } from './policy.field.js'

export class PlanDto {
  @ProseField({
    description: 'The rule in plain language.',
    maxLength: 10_000,
    example: 'No credit card numbers may be sent to a model.',
  })
  text: string

  @DetectorsField({ description: 'What finds violations. Left out: what the text names.', optional: true })
  detectors?: DetectorSettings[] | null
}

export class JudgeStepResponse {
  @ApiProperty({ type: [String], description: 'Words of the text that no detector stands for.' })
  unclear_words: string[]

  @ApiProperty({
    description: 'Whether Weir can ask a judge. Until it can, a policy that needs one cannot be enforced.',
  })
  is_available: boolean
}

export class PlanResponse {
  @ApiProperty({
    enum: ['detectors', 'text'],
    description: '`detectors`: they were given; `text`: they were found in the text.',
  })
  source: 'detectors' | 'text'

  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] },
    description: 'What finds violations; asked first. Replace them by changing `detectors`.',
    example: ['payment_card'],
  })
  detectors: DetectorSettings[]

  @ApiProperty({
    type: JudgeStepResponse,
    nullable: true,
    description: 'A model would have to judge what the detectors cannot; null: it is not needed.',
  })
  judge: JudgeStepResponse | null
}

export function toPlanResponse({ source, detectors, judge }: Plan): PlanResponse {
  return {
    source,
    detectors,
    judge: judge && { unclear_words: judge.unclear, is_available: false },
  }
}
