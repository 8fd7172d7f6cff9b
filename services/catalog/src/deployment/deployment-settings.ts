import type { FieldMistake } from '@weir/errors'
import { availablePlugins, findSettingsMistakes, type PluginName, sealSecrets } from '@weir/plugin-settings'
import { findRuleMistake } from '@weir/routing-rules'
import type { AddressPolicy } from '@weir/upstream-address'
import type { DeploymentSettingsDto, PluginDto } from './deployment.dto.js'
import type { Deployment } from './deployment.entity.js'

/** The columns that need nothing but what was said. */
type Settings = Pick<
  Deployment,
  | ('strategy' | 'retries' | 'timeoutMs' | 'hedgeAfterMs' | 'sticky' | 'cache')
  | ('joinIdentical' | 'plugins' | 'health')
>

/** What a deployment has that says nothing. */
export const defaultSettings: Settings = {
  strategy: 'weighted_round_robin',
  retries: { max: 3, budgetRatio: 0.5 },
  ...{ timeoutMs: null, hedgeAfterMs: null, sticky: null, cache: null, joinIdentical: false, plugins: [] },
  health: { consecutiveFailures: 5, ejectForMs: 30_000, checkIntervalMs: null },
}

/** The columns that a request sets; null brings back what a new deployment has. `seal` keeps a secret. */
export function toSettings(dto: DeploymentSettingsDto, seal: (secret: string) => string): Partial<Settings> {
  const settings: Partial<Settings> = {}
  const { retries, sticky, cache, health } = dto
  if (dto.strategy !== undefined) settings.strategy = dto.strategy
  if (dto.timeout_ms !== undefined) settings.timeoutMs = dto.timeout_ms
  if (dto.hedge_after_ms !== undefined) settings.hedgeAfterMs = dto.hedge_after_ms
  if (dto.join_identical !== undefined) settings.joinIdentical = dto.join_identical
  if (dto.plugins !== undefined)
    settings.plugins = dto.plugins.map(({ name, settings: own }) => ({
      name,
      settings: sealSecrets(name, own, seal),
    }))
  if (retries !== undefined) {
    const standard = defaultSettings.retries
    settings.retries = {
      max: retries?.max ?? standard.max,
      budgetRatio: retries?.budget_ratio ?? standard.budgetRatio,
    }
  }
  if (sticky !== undefined) {
    settings.sticky = sticky && { by: sticky.by, header: sticky.header?.toLowerCase() ?? null }
  }
  if (cache !== undefined)
    settings.cache = cache && { enabled: cache.enabled ?? true, ttlS: cache.ttl_s ?? null }
  if (health !== undefined) {
    const standard = defaultSettings.health
    settings.health = {
      consecutiveFailures: health?.consecutive_failures ?? standard.consecutiveFailures,
      ejectForMs: health?.eject_for_ms ?? standard.ejectForMs,
      checkIntervalMs: health?.check_interval_ms ?? null,
    }
  }
  return settings
}

/** What is wrong with settings, each by itself right, as a whole. */
export function findSettingMistakes(dto: DeploymentSettingsDto, policy: AddressPolicy): FieldMistake[] {
  const { sticky, rules = [], plugins = [] } = dto
  const mistakes: FieldMistake[] = []
  if (sticky && (sticky.by === 'header') !== Boolean(sticky.header)) {
    const message = sticky.by === 'header' ? 'is required' : 'is not known where requests stay by user'
    mistakes.push({ field: 'sticky.header', message })
  }
  for (const [index, { when, model, targets }] of rules.entries()) {
    const mistake = findRuleMistake(when)
    if (mistake !== undefined) mistakes.push({ field: `rules.${index}.when`, message: mistake })
    if ((model === undefined) === (targets === undefined)) {
      mistakes.push({ field: `rules.${index}`, message: 'must have either a model or targets' })
    }
  }
  for (const [index, plugin] of plugins.entries()) {
    mistakes.push(...findPluginMistakes(`plugins.${index}`, plugin, policy))
  }
  return mistakes
}

function findPluginMistakes(
  field: string,
  { name, settings }: PluginDto,
  policy: AddressPolicy,
): FieldMistake[] {
  if (!(availablePlugins as readonly string[]).includes(name)) {
    const known =
      availablePlugins.length > 0
        ? `must be one of ${availablePlugins.join(', ')}`
        : 'is not there: there are none yet'
    return [{ field: `${field}.name`, message: known }]
  }
  const mistakes = findSettingsMistakes(name as PluginName, settings).map((mistake) => ({
    field: `${field}.settings.${mistake.field}`,
    message: mistake.message,
  }))
  if (mistakes.length > 0 || name !== 'webhook') return mistakes
  const refusal = policy.findRefusal(String(settings['url']))
  return refusal === undefined ? [] : [{ field: `${field}.settings.url`, message: refusal }]
}
