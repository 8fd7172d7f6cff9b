import type { DynamicModule } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger'
import { restAdapter } from './rest-app.js'

/**
 * OpenAPI of a service's controllers, as their decorators say. Nothing is opened or listened on, so
 * what the module is given need not work.
 */
export async function describeRest(module: DynamicModule): Promise<OpenAPIObject> {
  const app = await NestFactory.create(module, restAdapter(), { logger: false, abortOnError: false })
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().build())
  await app.close()
  return document
}
