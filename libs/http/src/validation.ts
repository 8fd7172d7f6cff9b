import { type ArgumentMetadata, type PipeTransform, ValidationPipe } from '@nestjs/common'
import { AppError, type FieldMistake, invalidFields } from '@weir/errors'
import type { ValidationError } from 'class-validator'

function mistakes(errors: ValidationError[], path = ''): FieldMistake[] {
  return errors.flatMap((error) => {
    const field = path ? `${path}.${error.property}` : error.property
    // What is no object at all needs one message, not two.
    const rules = Object.entries(error.constraints ?? {}).filter(([rule]) => rule !== 'nestedValidation')
    const own = rules.map(([rule, message]) => ({
      field,
      message:
        rule === 'whitelistValidation'
          ? 'is not a field of this resource'
          : withoutName(message, error.property),
    }))
    return [...own, ...mistakes(error.children ?? [], field)]
  })
}

/** class-validator's own messages begin with the property's name, which the caller reads before it anyway. */
function withoutName(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message
}

/** Validates every DTO: unknown fields are refused, every mistake is named with its field. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    transformOptions: { exposeUnsetFields: false },
    exceptionFactory: (errors) => invalidFields(mistakes(errors)),
  })
}

const optionalBodies = new WeakSet<object>()

/** Marks a DTO of which every field may be left out, and with them the whole body. */
export function OptionalBody(): ClassDecorator {
  return (dto) => void optionalBodies.add(dto)
}

/** Refuses a body that is no JSON object, which would pass for one without any field. */
export class BodyPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    const isResource = type === 'body' && metatype !== undefined && metatype !== Object
    if (isResource && (value === undefined || value === null) && optionalBodies.has(metatype)) return {}
    if (isResource && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      const reason = 'The body must be a JSON object, sent with `content-type: application/json`.'
      throw AppError.of('invalid_request', { reason })
    }
    return value
  }
}
