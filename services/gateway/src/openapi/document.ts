import type { OpenAPIObject } from '@nestjs/swagger'
import { readFileSync } from 'node:fs'

/** The whole public interface; made by `npm run gen` from the services' controllers and DTOs. */
export const openApiDocument = JSON.parse(
  readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'),
) as OpenAPIObject
