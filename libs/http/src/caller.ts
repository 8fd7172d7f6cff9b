import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { Caller } from './principal.js'
import { fillScope } from './request-scope.js'

/** The organization that every installation has; its first migration makes it. */
export const defaultOrganization = 'org_default'

const callers = new WeakMap<object, Caller>()

/**
 * Remembers who makes a request, and lets it see what that caller may see; called by the guard that
 * has authenticated it.
 */
export function setCaller(request: object, caller: Caller): void {
  callers.set(request, caller)
  fillScope(request, caller)
}

/** Who makes a request; undefined when no guard has let it in. */
export function callerOf(request: object): Caller | undefined {
  return callers.get(request)
}

/** The caller that the guard has found; a route that no guard has seen has none and fails. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<object>())
  if (!caller) throw new Error('The route was reached without authentication.')
  return caller
})
